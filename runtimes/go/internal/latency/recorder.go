package latency

import (
	"math"
	"sync"
	"time"
)

const (
	// So that goroutines on different processors seldom write to the same line of memory.
	laneCount = 16
	// A bucket is at most some 32 characters long; this many leave half of a protocol line free.
	mostBuckets = 1000
)

// A Recorder is what a scenario writes into. Any goroutine may.
type Recorder struct {
	lanes  [laneCount]histogram
	mutex  sync.Mutex
	counts map[string]uint64
	watch  stopwatch
}

// StartClock begins what is timed. Only of a scenario that times a part of its run (PartTimer); of
// the others the whole run is timed. It may happen several times in a run, never nested.
func (r *Recorder) StartClock() { r.watch.start(time.Now) }

// StartClockAt does the same as of a moment that is given, near to now, for a part that begins by
// itself. Until that moment this process should do nothing: what it spends is counted as of now.
func (r *Recorder) StartClockAt(begin time.Time) {
	r.watch.start(func() time.Time { return begin })
}

// StopClock ends what is timed. Any goroutine may.
func (r *Recorder) StopClock() { r.watch.stop() }

// Elapsed is what passed while the clock ran. Only while it does not run.
func (r *Recorder) Elapsed() Elapsed { return r.watch.sum }

// Since records how long ago `begin` was. `lane` is any number that differs between goroutines
// which record at the same time.
func (r *Recorder) Since(begin time.Time, lane uint64) {
	r.Record(time.Since(begin), lane)
}

// Record notes one latency.
func (r *Recorder) Record(took time.Duration, lane uint64) {
	r.lanes[lane%laneCount].record(uint64(max(took, 0)))
}

// Count adds to a figure of the scenario's own.
func (r *Recorder) Count(name string, figure uint64) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.counts == nil {
		r.counts = map[string]uint64{}
	}
	r.counts[name] += figure
}

// Counts are the figures. Only while nobody records.
func (r *Recorder) Counts() map[string]uint64 { return r.counts }

// Buckets are the (value, count) pairs of all lanes, ascending; none if nothing was recorded. Only
// while nobody records.
func (r *Recorder) Buckets() [][2]uint64 {
	var buckets [][2]uint64
	for i := range bucketCount {
		var count uint64
		for lane := range r.lanes {
			count += r.lanes[lane].counts[i].Load()
		}
		if count > 0 {
			buckets = append(buckets, [2]uint64{middleOf(i), count})
		}
	}
	return shortened(buckets, mostBuckets)
}

// RecordingNS is what recording one latency costs the run that records it: reading the clock twice,
// and the histogram. It is measured at the first call, in five attempts of which the quickest counts:
// in the others the machine had something else to do.
var RecordingNS = sync.OnceValue(func() uint64 {
	const attempts, times = 5, 2_000
	scratch := new(Recorder)
	quickest := uint64(math.MaxUint64)
	for range attempts {
		begin := time.Now()
		for range times {
			scratch.Since(time.Now(), 0)
		}
		quickest = min(quickest, uint64(time.Since(begin)))
	}
	return (quickest + times - 1) / times
})
