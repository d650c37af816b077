package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// joinCPU is children that compute, one after the other or in a goroutine each.
type joinCPU struct {
	style string
	width uint64
	steps uint64
}

func newJoinCPU() Scenario { return &joinCPU{style: "sequential", width: 10, steps: 10_000} }

func (s *joinCPU) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("style", &s.style, "sequential", "join", "spawn"),
		parameters.Number("width", &s.width),
		parameters.Number("steps", &s.steps),
	}
}

func (s *joinCPU) Check() error {
	if s.width == 0 {
		return errors.New("width must be at least 1")
	}
	if s.style == "join" {
		return noTaskWithinATask
	}
	return nil
}

func (s *joinCPU) Operations() uint64 { return s.width }

func (s *joinCPU) Run(*latency.Recorder) (uint64, error) {
	if s.style == "spawn" {
		children := start(s.width, s.child)
		return sum(children.join()), nil
	}
	var total uint64
	for i := range s.width {
		total += s.child(i)
	}
	return total, nil
}

func (s *joinCPU) child(index uint64) uint64 { return compute(s.steps, index) }
