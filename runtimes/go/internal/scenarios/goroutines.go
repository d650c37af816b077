package scenarios

import "sync"

// A crew is some goroutines that do the same for different numbers.
type crew[T any] struct {
	running sync.WaitGroup
	answers []T
}

// start runs work(0), work(1), … work(count-1) in a goroutine each.
func start[T any](count uint64, work func(uint64) T) *crew[T] {
	c := &crew[T]{answers: make([]T, count)}
	c.running.Add(int(count))
	for i := range count {
		go func() {
			defer c.running.Done()
			c.answers[i] = work(i)
		}()
	}
	return c
}

// join waits for all of them, and answers what they answered, in their order.
func (c *crew[T]) join() []T {
	c.running.Wait()
	return c.answers
}

// future runs work in a goroutine, and answers the channel on which its answer will come.
func future(work func() uint64) <-chan uint64 {
	answer := make(chan uint64, 1) // So that the goroutine can end before anybody asks.
	go func() { answer <- work() }()
	return answer
}
