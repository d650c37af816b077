package scenarios

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// timeout is operations that come in time, one after the other, each with a context of its own that
// ends after a second.
type timeout struct {
	operations uint64
	body       string
}

func newTimeout() Scenario { return &timeout{operations: 10_000, body: "ready"} }

func (s *timeout) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("operations", &s.operations),
		parameters.Choice("body", &s.body, "ready", "yield"),
	}
}

func (s *timeout) Check() error {
	if s.operations == 0 {
		return errors.New("operations must be at least 1")
	}
	return nil
}

func (s *timeout) Operations() uint64 { return s.operations }

func (s *timeout) Run(*latency.Recorder) (uint64, error) {
	var total uint64
	for i := range s.operations {
		answer, err := s.inTime(i)
		if err != nil {
			return 0, fmt.Errorf("an operation took longer than a second: %w", err)
		}
		total += answer
	}
	return total, nil
}

func (s *timeout) inTime(index uint64) (uint64, error) {
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	select {
	case answer := <-s.operation(index):
		return answer, nil
	case <-limit.Done():
		return 0, limit.Err()
	}
}

// operation answers the channel on which its answer comes: it lies there at once (ready), or a
// goroutine will send it.
func (s *timeout) operation(index uint64) <-chan uint64 {
	if s.body == "yield" {
		return future(func() uint64 {
			runtime.Gosched()
			return index
		})
	}
	answer := make(chan uint64, 1)
	answer <- index
	return answer
}
