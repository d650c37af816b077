package scenarios

import (
	"runtime"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// yield is many goroutines that do nothing but give way to each other.
type yield struct{ tasks, yields uint64 }

func newYield() Scenario { return &yield{tasks: 200, yields: 1_000} }

func (s *yield) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("tasks", &s.tasks),
		parameters.Number("yields", &s.yields),
	}
}

func (s *yield) Check() error { return nil }

func (s *yield) Operations() uint64 { return s.tasks * s.yields }

func (s *yield) Run(*latency.Recorder) (uint64, error) {
	tasks := start(s.tasks, func(uint64) uint64 { return giveWay(s.yields) })
	return sum(tasks.join()), nil
}

func giveWay(yields uint64) (yielded uint64) {
	for ; yielded < yields; yielded++ {
		runtime.Gosched()
	}
	return yielded
}
