package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// stream is a pipeline: numbers go from goroutine to goroutine, each of which adds 1.
type stream struct{ stages, elements, capacity uint64 }

func newStream() Scenario { return &stream{stages: 1, elements: 10_000, capacity: 64} }

func (s *stream) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("stages", &s.stages),
		parameters.Number("elements", &s.elements),
		parameters.Number("capacity", &s.capacity),
	}
}

func (s *stream) Check() error {
	if s.elements == 0 || s.capacity == 0 {
		return errors.New("elements and capacity must be at least 1")
	}
	return nil
}

func (s *stream) Operations() uint64 { return s.elements }

func (s *stream) Run(*latency.Recorder) (uint64, error) {
	last := s.source()
	for range s.stages {
		last = s.stage(last)
	}
	var received tally
	for number := range last {
		received.add(number)
	}
	return sumOfAll([]tally{received}, s.elements)
}

func (s *stream) source() <-chan uint64 {
	out := s.channel()
	go func() {
		defer close(out)
		for number := range s.elements {
			out <- number
		}
	}()
	return out
}

func (s *stream) stage(in <-chan uint64) <-chan uint64 {
	out := s.channel()
	go func() {
		defer close(out)
		for number := range in {
			out <- number + 1
		}
	}()
	return out
}

func (s *stream) channel() chan uint64 {
	return make(chan uint64, min(s.capacity, s.elements))
}
