package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// pingPong is pairs of goroutines that exchange a number over two channels, used once each.
type pingPong struct{ pairs uint64 }

func newPingPong() Scenario { return &pingPong{pairs: 1_000} }

func (s *pingPong) Parameters() parameters.List {
	return parameters.List{parameters.Number("pairs", &s.pairs)}
}

func (s *pingPong) Check() error {
	if s.pairs == 0 {
		return errors.New("pairs must be at least 1")
	}
	return nil
}

func (s *pingPong) Operations() uint64 { return s.pairs }

func (s *pingPong) Run(*latency.Recorder) (uint64, error) {
	pings := start(s.pairs, ping)
	return sum(pings.join()), nil
}

func ping(number uint64) uint64 {
	there := make(chan uint64, 1) // With room for the one message: to send it takes no waiting.
	back := make(chan uint64, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		back <- <-there + 1
	}()
	there <- number
	answer := <-back
	<-ended
	return answer
}
