package scenarios

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// timers is time.AfterFunc many times over: to create them, to have them fire, or to stop them, each
// timed apart.
type timers struct {
	phase string
	count uint64
}

func newTimers() Scenario { return &timers{phase: "create", count: 10_000} }

func (s *timers) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("phase", &s.phase, "create", "fire", "cancel"),
		parameters.Number("timers", &s.count),
	}
}

func (s *timers) Check() error {
	if s.count == 0 {
		return errors.New("timers must be at least 1")
	}
	return nil
}

func (s *timers) Operations() uint64 { return s.count }

// TimesAPart: the phase.
func (s *timers) TimesAPart() {}

func (s *timers) Run(recorder *latency.Recorder) (uint64, error) {
	switch s.phase {
	case "fire":
		return s.fire(recorder)
	case "cancel":
		return s.cancel(recorder)
	default:
		return s.create(recorder)
	}
}

// create answers how many of those that were created had not fired.
func (s *timers) create(recorder *latency.Recorder) (uint64, error) {
	recorder.StartClock()
	created := waiting(s.count)
	recorder.StopClock()
	return stopAll(created, 1), nil
}

// cancel answers how many could be stopped before they fired.
func (s *timers) cancel(recorder *latency.Recorder) (uint64, error) {
	created := waiting(s.count)
	stride := strideOver(s.count)
	recorder.StartClock()
	defer recorder.StopClock()
	return stopAll(created, stride), nil
}

// fire has the timers fire a hundred a microsecond, beginning when all have been created.
func (s *timers) fire(recorder *latency.Recorder) (uint64, error) {
	base := time.Now().Add(3*s.estimate() + 10*time.Millisecond)
	var total, fired atomic.Uint64
	allFired := make(chan struct{})
	created := make([]*time.Timer, s.count)
	for i := range s.count {
		deadline := base.Add(time.Duration(i) * 10 * time.Nanosecond)
		created[i] = time.AfterFunc(time.Until(deadline), func() {
			total.Add(i)
			if fired.Add(1) == s.count {
				close(allFired)
			}
		})
	}
	if late := time.Since(base); late >= 0 {
		stopAll(created, 1)
		return 0, fmt.Errorf("the timers were to fire when all had been created, but that took %v longer than estimated", late)
	}

	// What is spent is read before anything fires; afterwards this goroutine would come too late.
	time.Sleep(time.Until(base) - 2*time.Millisecond)
	recorder.StartClockAt(base)
	<-allFired
	recorder.StopClock()
	return total.Load(), nil
}

// estimate is how long it should take to create all, as a tenth of them takes.
func (s *timers) estimate() time.Duration {
	probe := s.count/10 + 1
	begin := time.Now()
	created := waiting(probe)
	took := time.Since(begin)
	stopAll(created, 1)
	return time.Duration(float64(took) / float64(probe) * float64(s.count))
}

// waiting creates timers that would fire in an hour.
func waiting(count uint64) []*time.Timer {
	created := make([]*time.Timer, count)
	for i := range created {
		created[i] = time.AfterFunc(time.Hour, func() {})
	}
	return created
}

// stopAll stops every one, the next being stride further round the circle, and answers how many had
// not fired.
func stopAll(created []*time.Timer, stride int) (stopped uint64) {
	at := 0
	for range created {
		if created[at].Stop() {
			stopped++
		}
		at = (at + stride) % len(created)
	}
	return stopped
}

// strideOver has no divisor in common with count, so that it comes by every one; and is about as far
// from any other order as can be, the golden ratio.
func strideOver(count uint64) int {
	stride := uint64(float64(count) * 0.618)
	for stride == 0 || commonDivisor(stride, count) != 1 {
		stride++
	}
	return int(stride)
}

func commonDivisor(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
