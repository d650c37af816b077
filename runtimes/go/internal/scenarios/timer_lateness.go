package scenarios

import (
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// timerLateness measures how much longer than it wished each of many goroutines sleeps.
type timerLateness struct{ sleeps, longestMS uint64 }

func newTimerLateness() Scenario { return &timerLateness{sleeps: 1_000, longestMS: 100} }

func (s *timerLateness) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("sleeps", &s.sleeps),
		parameters.Number("longest_ms", &s.longestMS),
	}
}

func (s *timerLateness) Check() error {
	if s.sleeps == 0 || s.longestMS == 0 {
		return errors.New("sleeps and longest_ms must be at least 1")
	}
	return nil
}

func (s *timerLateness) Operations() uint64 { return s.sleeps }

func (s *timerLateness) Run(recorder *latency.Recorder) (uint64, error) {
	var sleepers errgroup.Group
	for i := range s.sleeps {
		sleepers.Go(func() error {
			length := time.Duration(1+i%s.longestMS) * time.Millisecond
			begin := time.Now()
			time.Sleep(length)
			late := time.Since(begin) - length
			if late < 0 {
				return wokeEarly(late)
			}
			recorder.Record(late, i)
			return nil
		})
	}
	return s.sleeps, sleepers.Wait()
}
