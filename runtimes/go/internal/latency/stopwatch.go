package latency

import (
	"sync"
	"time"

	"regatta/contender/internal/process"
)

// A stopwatch adds up the time that passes while it runs, and what the process spends meanwhile. It
// may be started by one goroutine and stopped by another.
type stopwatch struct {
	mutex   sync.Mutex
	running bool
	begin   time.Time
	before  Elapsed // Readings of the process, no differences.
	sum     Elapsed
}

// Elapsed is what passed while a stopwatch ran.
type Elapsed struct {
	NS          uint64
	Spent       process.Spent
	Allocations uint64
}

func (w *stopwatch) start(begin func() time.Time) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.running {
		panic("the clock runs already: stop it first, and say that the scenario times a part (PartTimer)")
	}
	w.running = true
	// The moment comes last, here as well as first in stop(): what reading costs is not timed.
	w.before.Allocations = process.Allocations()
	w.before.Spent = process.Usage()
	w.begin = begin()
}

func (w *stopwatch) stop() {
	end := time.Now()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !w.running {
		panic("the clock does not run: start it first")
	}
	w.running = false
	w.sum.NS += uint64(max(end.Sub(w.begin), 0))
	w.sum.Spent = w.sum.Spent.Plus(process.Usage().Since(w.before.Spent))
	w.sum.Allocations += process.Allocations() - w.before.Allocations
}
