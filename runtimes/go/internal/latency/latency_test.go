package latency

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestNoValueIsOffByMoreThanOnePercent(t *testing.T) {
	for value := uint64(1); value < math.MaxUint64/3*2; value += value/3 + 1 {
		kept := middleOf(indexOf(value))
		if off := math.Abs(float64(kept) - float64(value)); off > 0.01*float64(value) {
			t.Errorf("%d is kept as %d", value, kept)
		}
	}
	if index := indexOf(math.MaxUint64); index != bucketCount-1 {
		t.Errorf("the largest value is in bucket %d of %d", index, bucketCount)
	}
}

func TestBucketsAreAscendingAndHoldAllThatWasRecorded(t *testing.T) {
	var recorder Recorder
	var recording sync.WaitGroup
	for lane := range uint64(100) {
		recording.Add(1)
		go func() {
			defer recording.Done()
			for i := range 1_000 {
				recorder.Record(time.Duration(i*i*int(lane+1)), lane)
			}
		}()
	}
	recording.Wait()

	var count, last uint64
	buckets := recorder.Buckets()
	for i, bucket := range buckets {
		if i > 0 && bucket[0] <= last {
			t.Errorf("%d comes after %d", bucket[0], last)
		}
		last = bucket[0]
		count += bucket[1]
	}
	if count != 100_000 {
		t.Errorf("100000 latencies were recorded, but there are %d", count)
	}
	if len(buckets) > mostBuckets {
		t.Errorf("%d buckets do not fit in a line", len(buckets))
	}
}

func TestShorteningLosesNothingAndFlattersNobody(t *testing.T) {
	buckets := [][2]uint64{{1, 1}, {2, 1}, {3, 1}, {4, 1}, {9, 1}}
	shorter := shortened(buckets, 3)
	expected := [][2]uint64{{2, 2}, {4, 2}, {9, 1}}
	for i, bucket := range expected {
		if len(shorter) != len(expected) || shorter[i] != bucket {
			t.Fatalf("got %v, expected %v", shorter, expected)
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	var recorder Recorder
	recorder.Count("dropped", 1)
	recorder.Count("dropped", 2)
	if counts := recorder.Counts(); counts["dropped"] != 3 {
		t.Errorf("got %v", counts)
	}
}

func TestOnlyWhatLiesBetweenStartAndStopIsTimed(t *testing.T) {
	var recorder Recorder
	const part = 10 * time.Millisecond
	begin := time.Now()
	for range 2 {
		time.Sleep(5 * part)
		recorder.StartClock()
		time.Sleep(part)
		recorder.StopClock()
	}
	whole := time.Since(begin)
	if timed := time.Duration(recorder.Elapsed().NS); timed < 2*part || timed > whole-10*part {
		t.Errorf("two parts of %v took %v of %v", part, timed, whole)
	}
}

func TestWhatIsAllocatedOutsideOfThePartIsNotCounted(t *testing.T) {
	var recorder Recorder
	kept := make([]*[64]byte, 0, 20_000)
	allocate := func(times int) {
		for range times {
			kept = append(kept, new([64]byte))
		}
	}
	allocate(10_000)
	recorder.StartClock()
	allocate(1_000)
	recorder.StopClock()
	allocate(9_000)
	if counted := recorder.Elapsed().Allocations; counted < 1_000 || counted > 2_000 {
		t.Errorf("%d allocations were counted of the 1000 in the part, and %d altogether", counted, len(kept))
	}
}

func TestTheClockMayStartAtAMomentThatHasPassed(t *testing.T) {
	var recorder Recorder
	recorder.StartClockAt(time.Now().Add(-time.Second))
	recorder.StopClock()
	if timed := time.Duration(recorder.Elapsed().NS); timed < time.Second {
		t.Errorf("started a second ago, but it ran for %v", timed)
	}
}

func TestAClockThatRunsIsNotStartedAgain(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was")
		}
	}()
	var recorder Recorder
	recorder.StartClock()
	recorder.StartClock()
}

func TestRecordingCostsSomething(t *testing.T) {
	if ns := RecordingNS(); ns == 0 || ns > 100_000 {
		t.Errorf("recording costs %d ns", ns)
	}
}
