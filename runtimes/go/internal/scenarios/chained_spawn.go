package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// chainedSpawn is a chain of goroutines, each of which starts the next and waits for it.
type chainedSpawn struct{ depth uint64 }

func newChainedSpawn() Scenario { return &chainedSpawn{depth: 1_000} }

func (s *chainedSpawn) Parameters() parameters.List {
	return parameters.List{parameters.Number("depth", &s.depth)}
}

func (s *chainedSpawn) Check() error {
	if s.depth == 0 {
		return errors.New("depth must be at least 1")
	}
	return nil
}

func (s *chainedSpawn) Operations() uint64 { return s.depth }

func (s *chainedSpawn) Run(*latency.Recorder) (uint64, error) {
	return link(s.depth), nil
}

func link(left uint64) uint64 {
	if left == 0 {
		return 0
	}
	below := future(func() uint64 { return link(left - 1) })
	return <-below + 1
}
