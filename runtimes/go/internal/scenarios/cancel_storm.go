package scenarios

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// cancelStorm is many goroutines, each of which selects between a message and a timer, while both
// come at the same time: no message may be lost with one who has given up.
type cancelStorm struct{ tasks, messages uint64 }

func newCancelStorm() Scenario { return &cancelStorm{tasks: 10_000, messages: 1_000} }

func (s *cancelStorm) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("tasks", &s.tasks),
		parameters.Number("messages", &s.messages),
	}
}

func (s *cancelStorm) Check() error {
	if s.tasks == 0 || s.messages == 0 {
		return errors.New("tasks and messages must be at least 1")
	}
	return nil
}

func (s *cancelStorm) Operations() uint64 { return s.tasks }

func (s *cancelStorm) Run(recorder *latency.Recorder) (uint64, error) {
	mail := make(chan uint64, s.messages) // With room for all: as good as without bounds.
	var timedOut atomic.Uint64
	begin := time.Now()
	receivers := start(s.tasks, func(uint64) tally { return receiveInTime(mail, &timedOut) })
	producer := start(1, func(uint64) struct{} {
		time.Sleep(time.Until(begin.Add(time.Millisecond)))
		for number := range s.messages {
			mail <- number
			if number%8 == 7 {
				runtime.Gosched()
			}
		}
		return struct{}{}
	})
	received := receivers.join()
	producer.join()

	recorder.Count("received", s.tasks-timedOut.Load())
	recorder.Count("timed_out", timedOut.Load())
	return sumOfAll(append(received, drain(mail)), s.messages)
}

func receiveInTime(mail <-chan uint64, timedOut *atomic.Uint64) (received tally) {
	limit := time.NewTimer(time.Millisecond)
	defer limit.Stop()
	select {
	case number := <-mail:
		received.add(number)
	case <-limit.C:
		timedOut.Add(1)
	}
	return received
}

// drain receives what is left, and does not wait for more.
func drain(mail <-chan uint64) (left tally) {
	for {
		select {
		case number := <-mail:
			left.add(number)
		default:
			return left
		}
	}
}
