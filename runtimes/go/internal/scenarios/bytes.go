package scenarios

import (
	"bytes"
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// fanOutBytes gives one buffer after the other to several receivers: a copy each, or all of them the
// same one, which needs no counting where there is a garbage collector.
type fanOutBytes struct {
	receivers uint64
	size      uint64
	by        string
	messages  uint64
}

func newBytes() Scenario {
	return &fanOutBytes{receivers: 8, size: 4_096, by: "copy", messages: 100}
}

func (s *fanOutBytes) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("receivers", &s.receivers),
		parameters.Number("size", &s.size),
		parameters.Choice("by", &s.by, "copy", "share"),
		parameters.Number("messages", &s.messages),
	}
}

func (s *fanOutBytes) Check() error {
	if s.receivers == 0 || s.size == 0 || s.messages == 0 {
		return errors.New("receivers, size and messages must be at least 1")
	}
	mostWaiting := min(s.messages, boxCapacity)
	if s.by == "copy" {
		mostWaiting *= s.receivers
	}
	if s.size > 512<<20/mostWaiting {
		return errors.New("the channels could hold more than 512 MiB")
	}
	return nil
}

// The messages that a receiver's channel has room for.
const boxCapacity = 16

func (s *fanOutBytes) Operations() uint64 { return s.messages * s.receivers }

func (s *fanOutBytes) Run(*latency.Recorder) (uint64, error) {
	boxes := make([]chan []byte, s.receivers)
	for i := range boxes {
		boxes[i] = make(chan []byte, boxCapacity)
	}
	receivers := start(s.receivers, func(i uint64) tally { return sample(boxes[i]) })
	for number := range s.messages {
		s.send(patterned(s.size, number), boxes)
	}
	for _, box := range boxes {
		close(box)
	}
	return sumOfAll(receivers.join(), s.Operations())
}

func (s *fanOutBytes) send(message []byte, boxes []chan []byte) {
	for _, box := range boxes {
		if s.by == "copy" {
			box <- bytes.Clone(message)
		} else {
			box <- message
		}
	}
}

func patterned(size, number uint64) []byte {
	message := make([]byte, size)
	for k := range message {
		message[k] = byte(uint64(k)*7 + number)
	}
	return message
}

// sample adds up the first, the middle and the last byte of each message.
func sample(box <-chan []byte) (received tally) {
	for message := range box {
		size := len(message)
		received.add(uint64(message[0]) + uint64(message[size/2]) + uint64(message[size-1]))
	}
	return received
}
