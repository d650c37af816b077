package scenarios

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// channelBackpressure is a consumer ten times slower than each of its producers: they wait for
// room, drop what finds none, or leave it with a goroutine of its own (spill).
type channelBackpressure struct {
	policy    string
	capacity  uint64
	producers uint64
	messages  uint64
	steps     uint64
}

func newChannelBackpressure() Scenario {
	return &channelBackpressure{policy: "wait", capacity: 100, producers: 4, messages: 1_000, steps: 5_000}
}

func (s *channelBackpressure) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("policy", &s.policy, "wait", "drop", "spill", "unbounded"),
		parameters.Number("capacity", &s.capacity),
		parameters.Number("producers", &s.producers),
		parameters.Number("messages", &s.messages),
		parameters.Number("steps", &s.steps),
	}
}

func (s *channelBackpressure) Check() error {
	switch {
	case s.capacity == 0:
		return errors.New("capacity must be at least 1")
	case s.producers == 0 || s.messages == 0:
		return errors.New("there must be a producer and a message")
	case s.policy == "unbounded":
		return Unsupported("Go has no channel without bounds")
	}
	return nil
}

func (s *channelBackpressure) Operations() uint64 { return s.messages }

func (s *channelBackpressure) Run(recorder *latency.Recorder) (uint64, error) {
	parcels := make(chan stamped, min(s.capacity, s.messages))
	var waiting waitingRoom
	consumer := start(1, func(uint64) tally { return s.consume(parcels, &waiting, recorder) })
	producers := start(s.producers, func(i uint64) tally {
		first, end := share(i, s.producers, s.messages)
		return s.produce(parcels, first, end, &waiting)
	})
	ends := producers.join()
	close(parcels)

	var dropped uint64
	for _, each := range ends {
		dropped += each.messages
	}
	ends = append(ends, consumer.join()...)
	recorder.Count("most_waiting", waiting.most.Load())
	recorder.Count("dropped", dropped)
	return sumOfAll(ends, s.messages)
}

// produce answers what it dropped.
func (s *channelBackpressure) produce(parcels chan<- stamped, first, end uint64, waiting *waitingRoom) (dropped tally) {
	var spilled sync.WaitGroup
	for i := first; i < end; i++ {
		toil(s.steps / 10)
		runtime.Gosched() // As everywhere: producers that never wait would starve the consumer.
		next := stamped{i, time.Now()}
		waiting.enter()
		if s.policy == "wait" {
			parcels <- next
			continue
		}
		select {
		case parcels <- next:
		default:
			if s.policy == "drop" {
				waiting.leave()
				dropped.add(i)
				continue
			}
			spilled.Add(1)
			go func() {
				defer spilled.Done()
				parcels <- next
			}()
		}
	}
	spilled.Wait()
	return dropped
}

func (s *channelBackpressure) consume(parcels <-chan stamped, waiting *waitingRoom, recorder *latency.Recorder) (received tally) {
	for next := range parcels {
		waiting.leave()
		recorder.Since(next.sent, 0)
		toil(s.steps)
		received.add(next.number)
	}
	return received
}

// A waitingRoom counts the parcels that wait, in the channel or for room in it.
type waitingRoom struct{ now, most atomic.Uint64 }

func (w *waitingRoom) enter() {
	here := w.now.Add(1)
	for most := w.most.Load(); most < here && !w.most.CompareAndSwap(most, here); {
		most = w.most.Load()
	}
}

func (w *waitingRoom) leave() { w.now.Add(^uint64(0)) }
