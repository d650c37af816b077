package scenarios

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// fairness is a ticker beside goroutines that compute without an end, and give way in between.
type fairness struct{ hogs, steps, ticks uint64 }

func newFairness() Scenario { return &fairness{hogs: 8, steps: 10_000, ticks: 100} }

func (s *fairness) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("hogs", &s.hogs),
		parameters.Number("steps", &s.steps),
		parameters.Number("ticks", &s.ticks),
	}
}

func (s *fairness) Check() error {
	if s.ticks == 0 {
		return errors.New("ticks must be at least 1")
	}
	return nil
}

func (s *fairness) Operations() uint64 { return s.ticks }

func (s *fairness) Run(recorder *latency.Recorder) (uint64, error) {
	var stop atomic.Bool
	hogs := start(s.hogs, func(uint64) struct{} {
		for !stop.Load() {
			toil(s.steps)
			runtime.Gosched()
		}
		return struct{}{}
	})
	ticked, err := tick(s.ticks, recorder)
	stop.Store(true)
	hogs.join()
	return ticked, err
}

// tick waits for moments that lie a millisecond apart and do not move when one is missed, and records
// how late it is for each. A time.Ticker would leave out the ones that it missed.
func tick(ticks uint64, recorder *latency.Recorder) (ticked uint64, err error) {
	due := time.Now()
	for ; ticked < ticks; ticked++ {
		due = due.Add(time.Millisecond)
		time.Sleep(time.Until(due))
		late := time.Since(due)
		if late < 0 {
			return ticked, wokeEarly(late)
		}
		recorder.Record(late, 0)
	}
	return ticked, nil
}

func wokeEarly(late time.Duration) error {
	return fmt.Errorf("woke %d ns early", -late)
}
