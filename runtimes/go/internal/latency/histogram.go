// Package latency keeps how long single things took, and how often something happened.
package latency

import (
	"math/bits"
	"sync/atomic"
)

// A histogram is log-linear: each power of two is cut into 64 equal buckets, and a bucket stands
// for its middle, so that no value is off by more than 1/128. Any goroutine may record; that takes
// no lock and allocates nothing.
type histogram struct {
	counts [bucketCount]atomic.Uint64
}

const (
	precisionBits = 6
	perOctave     = 1 << precisionBits
	// Values below 64 have a bucket each; each of the 58 octaves above has 64.
	bucketCount = perOctave * (64 - precisionBits + 1)
)

func (h *histogram) record(value uint64) { h.counts[indexOf(value)].Add(1) }

func indexOf(value uint64) int {
	if value < perOctave {
		return int(value)
	}
	octave := bits.Len64(value) - 1 - precisionBits
	// The top bit of the shifted value is set, so it counts as one octave by itself.
	return octave*perOctave + int(value>>octave)
}

func middleOf(index int) uint64 {
	if index < 2*perOctave {
		return uint64(index)
	}
	octave := index/perOctave - 1
	lowest := uint64(index%perOctave+perOctave) << octave
	return lowest + 1<<octave/2
}

// shortened merges neighbours until there are at most `most` buckets. Both count as the slower of
// the two: a latency must not look better than it was.
func shortened(buckets [][2]uint64, most int) [][2]uint64 {
	for len(buckets) > most {
		coarser := buckets[:0:0]
		for i := 0; i < len(buckets); i += 2 {
			bucket := buckets[i]
			if i+1 < len(buckets) {
				bucket = [2]uint64{buckets[i+1][0], bucket[1] + buckets[i+1][1]}
			}
			coarser = append(coarser, bucket)
		}
		buckets = coarser
	}
	return buckets
}
