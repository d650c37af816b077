package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// fanOut is a tree of goroutines, made and joined again and again.
type fanOut struct{ children, depth, rounds uint64 }

func newFanOut() Scenario { return &fanOut{children: 16, depth: 1, rounds: 100} }

func (s *fanOut) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("children", &s.children),
		parameters.Number("depth", &s.depth),
		parameters.Number("rounds", &s.rounds),
	}
}

func (s *fanOut) Check() error {
	if s.children == 0 || s.depth == 0 || s.rounds == 0 {
		return errors.New("children, depth and rounds must be at least 1")
	}
	const most = 10_000_000
	level, total := uint64(1), uint64(0)
	for range s.depth {
		if level > most/s.children {
			return errors.New("a round would have more than 10000000 tasks")
		}
		level *= s.children
		if total += level; total > most {
			return errors.New("a round would have more than 10000000 tasks")
		}
	}
	return nil
}

func (s *fanOut) Operations() uint64 {
	level, total := uint64(1), uint64(0)
	for range s.depth {
		level *= s.children
		total += level
	}
	return s.rounds * total
}

func (s *fanOut) Run(*latency.Recorder) (uint64, error) {
	var leaves uint64
	for range s.rounds {
		leaves += s.node(s.depth)
	}
	return leaves, nil
}

func (s *fanOut) node(levelsBelow uint64) uint64 {
	if levelsBelow == 0 {
		return 1
	}
	children := start(s.children, func(uint64) uint64 { return s.node(levelsBelow - 1) })
	return sum(children.join())
}
