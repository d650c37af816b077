package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// channel is producers and consumers at full speed on one channel.
type channel struct {
	capacity     uint64
	unbounded    bool
	producers    uint64
	consumers    uint64
	payloadBytes uint64
	receive      string
	messages     uint64
}

func newChannel() Scenario {
	return &channel{capacity: 100, producers: 1, consumers: 1, payloadBytes: 8, receive: "one", messages: 5_000}
}

func (s *channel) Parameters() parameters.List {
	return parameters.List{
		parameters.NumberOr("capacity", &s.capacity, &s.unbounded, "unbounded"),
		parameters.Number("producers", &s.producers),
		parameters.Number("consumers", &s.consumers),
		parameters.Number("payload_bytes", &s.payloadBytes),
		parameters.Choice("receive", &s.receive, "one", "many"),
		parameters.Number("messages", &s.messages),
	}
}

func (s *channel) Check() error {
	switch {
	case s.producers == 0 || s.consumers == 0:
		return errors.New("there must be a producer and a consumer")
	case s.messages == 0:
		return errors.New("messages must be at least 1")
	case s.payloadBytes != 8 && s.payloadBytes != 512 && s.payloadBytes != 32_768:
		return errors.New("payload_bytes must be 8, 512 or 32768")
	case s.mostInChannel() > 512<<20/s.payloadBytes:
		return errors.New("the channel could hold more than 512 MiB")
	case s.unbounded:
		return Unsupported("Go has no channel without bounds")
	case s.receive == "many":
		return Unsupported("a Go channel hands over one message at a time")
	}
	return nil
}

// mostInChannel is all messages together, because nobody can tell how far a producer gets ahead.
func (s *channel) mostInChannel() uint64 {
	if s.unbounded {
		return s.messages
	}
	return min(s.capacity, s.messages)
}

func (s *channel) Operations() uint64 { return s.messages }

func (s *channel) Run(*latency.Recorder) (uint64, error) {
	switch s.payloadBytes {
	case 8:
		return flow[[1]uint64](s)
	case 512:
		return flow[[64]uint64](s)
	default:
		return flow[[4096]uint64](s)
	}
}

// A message is moved by value. The first word is its number, the others are zeros.
type message interface {
	[1]uint64 | [64]uint64 | [4096]uint64
}

func flow[M message](s *channel) (uint64, error) {
	// Memory for all of the capacity is taken at once, so none for what can never be there.
	messages := make(chan M, s.mostInChannel())
	consumers := start(s.consumers, func(uint64) tally { return consume(messages) })
	producers := start(s.producers, func(i uint64) struct{} {
		first, end := share(i, s.producers, s.messages)
		produce(messages, first, end)
		return struct{}{}
	})
	producers.join()
	close(messages)
	return sumOfAll(consumers.join(), s.messages)
}

func produce[M message](messages chan<- M, first, end uint64) {
	for i := first; i < end; i++ {
		var next M
		next[0] = i
		messages <- next
	}
}

func consume[M message](messages <-chan M) (received tally) {
	for next := range messages {
		received.add(next[0])
	}
	return received
}
