package scenarios

import (
	"errors"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// sleepMany is many goroutines that sleep once, all at the same time.
type sleepMany struct{ tasks, delayUS uint64 }

func newSleepMany() Scenario { return &sleepMany{tasks: 10_000, delayUS: 1_000} }

func (s *sleepMany) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("tasks", &s.tasks),
		parameters.Number("delay_us", &s.delayUS),
	}
}

func (s *sleepMany) Check() error {
	if s.tasks == 0 {
		return errors.New("tasks must be at least 1")
	}
	return nil
}

func (s *sleepMany) Operations() uint64 { return s.tasks }

func (s *sleepMany) Run(*latency.Recorder) (uint64, error) {
	sleepers := start(s.tasks, func(index uint64) uint64 {
		time.Sleep(time.Duration(s.delayUS) * time.Microsecond)
		return index
	})
	return sum(sleepers.join()), nil
}
