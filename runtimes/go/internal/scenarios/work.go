package scenarios

import "fmt"

// compute does `steps` dependent multiplications, and answers a number that depends on all of them.
// It is never inlined, so that the work is done also where nobody wants the number.
//
//go:noinline
func compute(steps, seed uint64) uint64 {
	state := seed
	for range steps {
		state = state*6364136223846793005 + 1442695040888963407 // Knuth's LCG.
	}
	return state
}

func toil(steps uint64) { compute(steps, 1) }

func sum(numbers []uint64) uint64 {
	var total uint64
	for _, number := range numbers {
		total += number
	}
	return total
}

// A tally is what a consumer has to tell in the end.
type tally struct{ messages, sum uint64 }

func (t *tally) add(number uint64) {
	t.messages++
	t.sum += number
}

// sumOfAll adds up the numbers in all messages. It fails if there were not as many as were sent: a
// sum alone would not show that one was lost and another came twice.
func sumOfAll(tallies []tally, sent uint64) (uint64, error) {
	var all tally
	for _, each := range tallies {
		all.messages += each.messages
		all.sum += each.sum
	}
	if all.messages != sent {
		return 0, fmt.Errorf("%d messages were sent, but %d received", sent, all.messages)
	}
	return all.sum, nil
}

// share is the range of numbers that one of several producers sends: from first up to end.
func share(producer, producers, messages uint64) (first, end uint64) {
	return messages * producer / producers, messages * (producer + 1) / producers
}
