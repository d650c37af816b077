package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// channelRing is a ring of goroutines that pass tokens on, from channel to channel.
type channelRing struct{ tasks, capacity, rounds, tokens uint64 }

func newChannelRing() Scenario {
	return &channelRing{tasks: 300, capacity: 1, rounds: 300, tokens: 1}
}

func (s *channelRing) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("tasks", &s.tasks),
		parameters.Number("capacity", &s.capacity),
		parameters.Number("rounds", &s.rounds),
		parameters.Number("tokens", &s.tokens),
	}
}

func (s *channelRing) Check() error {
	if s.tasks == 0 || s.capacity == 0 || s.rounds == 0 || s.tokens == 0 {
		return errors.New("tasks, capacity, rounds and tokens must all be at least 1")
	}
	// With more, every channel could be full and every goroutine hold one: then nobody could move.
	if s.tokens > s.tasks {
		return errors.New("there must not be more tokens than tasks")
	}
	return nil
}

func (s *channelRing) Operations() uint64 { return s.tokens * s.rounds * s.tasks }

func (s *channelRing) Run(*latency.Recorder) (uint64, error) {
	hops := make([]chan uint64, s.tasks)
	for i := range hops {
		hops[i] = make(chan uint64, min(s.capacity, s.tokens))
	}
	tasks := start(s.tasks, func(i uint64) uint64 {
		return s.passOn(hops[i], hops[(i+1)%s.tasks])
	})
	for range s.tokens {
		hops[0] <- 0
	}
	return sum(tasks.join()), nil
}

// passOn answers the hops of those tokens that have gone all their rounds: only the last goroutine
// sees any.
func (s *channelRing) passOn(source <-chan uint64, target chan<- uint64) (finished uint64) {
	for range s.rounds * s.tokens {
		hops := <-source + 1
		if hops == s.rounds*s.tasks {
			finished += hops
		} else {
			target <- hops
		}
	}
	return finished
}
