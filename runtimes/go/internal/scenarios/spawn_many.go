package scenarios

import (
	"errors"
	"sync"
	"sync/atomic"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// spawnMany is many goroutines that nobody waits for one by one: each counts down, and the last one
// is waited for.
type spawnMany struct {
	tasks uint64
	from  string
}

func newSpawnMany() Scenario { return &spawnMany{tasks: 10_000, from: "worker"} }

func (s *spawnMany) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("tasks", &s.tasks),
		parameters.Choice("from", &s.from, "worker", "outside_idle", "outside_busy"),
	}
}

func (s *spawnMany) Check() error {
	if s.tasks == 0 {
		return errors.New("tasks must be at least 1")
	}
	if s.from != "worker" {
		return noGoroutineFromOutside
	}
	return nil
}

func (s *spawnMany) Operations() uint64 { return s.tasks }

func (s *spawnMany) Run(*latency.Recorder) (uint64, error) {
	var total atomic.Uint64
	var left sync.WaitGroup
	left.Add(int(s.tasks))
	go func() {
		for i := range s.tasks {
			go func() {
				defer left.Done()
				total.Add(i)
			}()
		}
	}()
	left.Wait()
	return total.Load(), nil
}
