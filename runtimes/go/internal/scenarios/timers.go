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

// fire has the timers fire a hundred a microsecond, beginning when all have been created. Where that
// took longer than was allowed for, because the machine had other things to do, it tries again.
func (s *timers) fire(recorder *latency.Recorder) (uint64, error) {
	allowance := 3*s.estimate() + 10*time.Millisecond
	var late time.Duration
	for range 6 {
		var volley volley
		if late = volley.load(s.count, time.Now().Add(allowance)); late < 0 {
			return volley.watch(recorder), nil
		}
		stopAll(volley.timers, 1)
		allowance *= 2
	}
	return 0, fmt.Errorf("the timers were to fire when all had been created, but that took %v longer than estimated", late)
}

// A volley is timers that fire one after the other, from base on.
type volley struct {
	timers       []*time.Timer
	base         time.Time
	total, fired atomic.Uint64
	allFired     chan struct{}
}

// load answers how late it was with the last timer; less than 0 if it was in time.
func (v *volley) load(count uint64, base time.Time) (late time.Duration) {
	v.timers = make([]*time.Timer, count)
	v.base = base
	v.allFired = make(chan struct{})
	for i := range count {
		deadline := base.Add(time.Duration(i) * 10 * time.Nanosecond)
		v.timers[i] = time.AfterFunc(time.Until(deadline), func() {
			v.total.Add(i)
			if v.fired.Add(1) == count {
				close(v.allFired)
			}
		})
	}
	return time.Since(base)
}

// watch answers the sum of the numbers of those that fired, when all have.
func (v *volley) watch(recorder *latency.Recorder) uint64 {
	// Already now: once they fire, this goroutine would come too late to read what was spent before.
	recorder.StartClockAt(v.base)
	<-v.allFired
	recorder.StopClock()
	return v.total.Load()
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
