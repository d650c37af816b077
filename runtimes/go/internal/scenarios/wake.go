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

// wake measures how long a goroutine takes from being woken to running. Whoever wakes it keeps a
// thread busy all the time, so that it is never on that thread that it runs.
type wake struct {
	wakes   uint64
	state   string
	pauseUS uint64
}

func newWake() Scenario { return &wake{wakes: 1_000, state: "idle", pauseUS: 100} }

func (s *wake) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("wakes", &s.wakes),
		parameters.Choice("state", &s.state, "idle", "busy"),
		parameters.Number("pause_us", &s.pauseUS),
	}
}

func (s *wake) Check() error {
	switch {
	case s.wakes == 0:
		return errors.New("wakes must be at least 1")
	case s.state == "busy":
		return Unsupported("Go has no thread outside of its scheduler: who wakes and then spins holds one of its threads, " +
			"and while the others have work whoever was woken waits until that one is preempted")
	case runtime.GOMAXPROCS(0) < 2:
		return Unsupported("who wakes keeps a thread busy, so that two are needed")
	}
	return nil
}

func (s *wake) Operations() uint64 { return s.wakes }

func (s *wake) Run(recorder *latency.Recorder) (uint64, error) {
	door := make(chan time.Time, 1)
	var acknowledged atomic.Uint64
	sleeper := future(func() (wakes uint64) {
		for woken := range door {
			recorder.Since(woken, 0)
			wakes++
			acknowledged.Store(wakes)
		}
		return wakes
	})

	runtime.LockOSThread() // The nearest thing to a thread outside: one that runs nothing else.
	defer runtime.UnlockOSThread()
	for i := range s.wakes {
		spin(time.Duration(s.pauseUS) * time.Microsecond)
		door <- time.Now()
		for acknowledged.Load() <= i {
		}
	}
	close(door)
	if wakes := <-sleeper; wakes != s.wakes {
		return 0, fmt.Errorf("woken %d times, but it ran %d times", s.wakes, wakes)
	}
	return s.wakes, nil
}

func spin(length time.Duration) {
	for begin := time.Now(); time.Since(begin) < length; {
	}
}
