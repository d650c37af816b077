package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// skynet is a tree of goroutines that adds up the numbers of its leaves.
type skynet struct{ leaves, fanOut uint64 }

func newSkynet() Scenario { return &skynet{leaves: 1_000_000, fanOut: 10} }

func (s *skynet) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("leaves", &s.leaves),
		parameters.Number("fan_out", &s.fanOut),
	}
}

func (s *skynet) Check() error {
	if s.fanOut < 2 {
		return errors.New("fan_out must be at least 2")
	}
	leaves := s.leaves
	for leaves > 1 && leaves%s.fanOut == 0 {
		leaves /= s.fanOut
	}
	if leaves != 1 {
		return errors.New("leaves must be a power of fan_out, such as leaves=1000 fan_out=10")
	}
	return nil
}

func (s *skynet) Operations() uint64 { return (s.leaves*s.fanOut - 1) / (s.fanOut - 1) }

func (s *skynet) Run(*latency.Recorder) (uint64, error) {
	return s.node(0, s.leaves), nil
}

func (s *skynet) node(first, leaves uint64) uint64 {
	if leaves == 1 {
		return first
	}
	share := leaves / s.fanOut
	children := start(s.fanOut, func(i uint64) uint64 { return s.node(first+i*share, share) })
	return sum(children.join())
}
