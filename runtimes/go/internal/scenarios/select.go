package scenarios

import (
	"errors"
	"slices"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// selecting is a consumer that selects again and again among two of several streams, the next two
// each time, and a channel on which nothing ever comes.
type selecting struct{ streams, items uint64 }

func newSelect() Scenario { return &selecting{streams: 7, items: 10_000} }

func (s *selecting) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("streams", &s.streams),
		parameters.Number("items", &s.items),
	}
}

func (s *selecting) Check() error {
	if s.streams < 2 {
		return errors.New("streams must be at least 2")
	}
	if s.items == 0 {
		return errors.New("items must be at least 1")
	}
	return nil
}

func (s *selecting) Operations() uint64 { return s.streams * s.items }

func (s *selecting) Run(*latency.Recorder) (uint64, error) {
	streams := make([]chan uint64, s.streams)
	for i := range streams {
		streams[i] = make(chan uint64, 16)
	}
	consumer := start(1, func(uint64) tally { return consumeAll(streams) })
	producers := start(s.streams, func(i uint64) struct{} {
		defer close(streams[i])
		for number := range s.items {
			streams[i] <- number
		}
		return struct{}{}
	})
	producers.join()
	return sumOfAll(consumer.join(), s.Operations())
}

func consumeAll(streams []chan uint64) (received tally) {
	never := make(chan uint64)
	open := slices.Clone(streams)
	for turn := 0; len(open) > 0; turn++ {
		first, second := turn%len(open), (turn+1)%len(open)
		var number uint64
		var isOpen bool
		from := first
		select {
		case number, isOpen = <-open[first]:
		case number, isOpen = <-open[second]:
			from = second
		case number = <-never:
			panic("nobody sends there")
		}
		if isOpen {
			received.add(number)
		} else {
			open = slices.Delete(open, from, from+1)
		}
	}
	return received
}
