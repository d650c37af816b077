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
