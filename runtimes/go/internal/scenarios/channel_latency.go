package scenarios

import (
	"errors"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// channelLatency measures how long each message is under way, from before there is room for it.
type channelLatency struct{ capacity, producers, consumers, messages uint64 }

func newChannelLatency() Scenario {
	return &channelLatency{capacity: 16, producers: 1, consumers: 1, messages: 5_000}
}

func (s *channelLatency) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("capacity", &s.capacity),
		parameters.Number("producers", &s.producers),
		parameters.Number("consumers", &s.consumers),
		parameters.Number("messages", &s.messages),
	}
}

func (s *channelLatency) Check() error {
	if s.producers == 0 || s.consumers == 0 {
		return errors.New("there must be a producer and a consumer")
	}
	if s.messages == 0 {
		return errors.New("messages must be at least 1")
	}
	return nil
}

func (s *channelLatency) Operations() uint64 { return s.messages }

// A stamped message knows when it was sent.
type stamped struct {
	number uint64
	sent   time.Time
}

func (s *channelLatency) Run(recorder *latency.Recorder) (uint64, error) {
	messages := make(chan stamped, min(s.capacity, s.messages))
	consumers := start(s.consumers, func(consumer uint64) (received tally) {
		for next := range messages {
			recorder.Since(next.sent, consumer)
			received.add(next.number)
		}
		return received
	})
	producers := start(s.producers, func(i uint64) struct{} {
		first, end := share(i, s.producers, s.messages)
		for number := first; number < end; number++ {
			messages <- stamped{number, time.Now()}
		}
		return struct{}{}
	})
	producers.join()
	close(messages)
	return sumOfAll(consumers.join(), s.messages)
}
