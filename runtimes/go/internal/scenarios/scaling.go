package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// scaling is the work of another scenario on a number of threads of its own (GOMAXPROCS).
type scaling struct {
	work    string
	threads uint64
}

func newScaling() Scenario { return &scaling{work: "skynet", threads: 1} }

func (s *scaling) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("work", &s.work, "skynet", "fib", "compute"),
		parameters.Number("threads", &s.threads),
	}
}

func (s *scaling) Check() error {
	if s.threads == 0 || s.threads > 1_024 {
		return errors.New("threads must be from 1 to 1024")
	}
	return nil
}

// Threads is GOMAXPROCS for this cell.
func (s *scaling) Threads() int { return int(s.threads) }

func (s *scaling) Operations() uint64 { return s.subject().Operations() }

func (s *scaling) Run(recorder *latency.Recorder) (uint64, error) {
	return s.subject().Run(recorder)
}

func (s *scaling) subject() Scenario {
	switch s.work {
	case "fib":
		return &fib{n: 18}
	case "compute":
		return computation{tasks: 200, steps: 10_000}
	default:
		return &skynet{leaves: 100_000, fanOut: 10}
	}
}

// A computation is goroutines that have nothing to do with each other.
type computation struct{ tasks, steps uint64 }

func (c computation) Parameters() parameters.List { return nil }

func (c computation) Check() error { return nil }

func (c computation) Operations() uint64 { return c.tasks }

func (c computation) Run(*latency.Recorder) (uint64, error) {
	tasks := start(c.tasks, func(index uint64) uint64 {
		toil(c.steps)
		return index
	})
	return sum(tasks.join()), nil
}
