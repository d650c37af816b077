package scenarios

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// shutdown is goroutines that are told to end by their context: from then until all have is timed.
type shutdown struct {
	tasks uint64
	state string
}

func newShutdown() Scenario { return &shutdown{tasks: 1_000, state: "computing"} }

func (s *shutdown) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("tasks", &s.tasks),
		parameters.Choice("state", &s.state, "computing", "waiting"),
	}
}

func (s *shutdown) Check() error {
	if s.tasks == 0 {
		return errors.New("tasks must be at least 1")
	}
	return nil
}

func (s *shutdown) Operations() uint64 { return s.tasks }

// TimesAPart: from the request to stop until the last goroutine has ended.
func (s *shutdown) TimesAPart() {}

func (s *shutdown) Run(recorder *latency.Recorder) (uint64, error) {
	life, stop := context.WithCancel(context.Background())
	defer stop()
	var begun sync.WaitGroup
	begun.Add(int(s.tasks))
	var ended atomic.Uint64
	allEnded := make(chan struct{})
	for range s.tasks {
		go func() {
			begun.Done()
			s.live(life)
			if ended.Add(1) == s.tasks {
				close(allEnded)
			}
		}()
	}
	begun.Wait()

	recorder.StartClock()
	stop()
	select {
	case <-allEnded:
	case <-time.After(5 * time.Second):
	}
	recorder.StopClock()
	inTime := ended.Load()
	recorder.Count("abandoned", s.tasks-inTime)
	return inTime, nil
}

func (s *shutdown) live(life context.Context) {
	if s.state == "waiting" {
		mail := make(chan struct{}) // Nobody sends.
		select {
		case <-life.Done():
		case <-mail:
		}
		return
	}
	for life.Err() == nil {
		toil(1_000)
		runtime.Gosched()
	}
}
