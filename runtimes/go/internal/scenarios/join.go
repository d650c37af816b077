package scenarios

import (
	"errors"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// join fetches the parts of a page, one after the other or in a goroutine each.
type join struct {
	style   string
	width   uint64
	delayUS uint64
	delays  string
}

func newJoin() Scenario {
	return &join{style: "sequential", width: 3, delayUS: 1_000, delays: "equal"}
}

func (s *join) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("style", &s.style, "sequential", "join", "spawn"),
		parameters.Number("width", &s.width),
		parameters.Number("delay_us", &s.delayUS),
		parameters.Choice("delays", &s.delays, "equal", "unequal"),
	}
}

func (s *join) Check() error {
	if s.width == 0 {
		return errors.New("width must be at least 1")
	}
	if s.style == "join" {
		return noTaskWithinATask
	}
	return nil
}

func (s *join) Operations() uint64 { return s.width }

func (s *join) Run(*latency.Recorder) (uint64, error) {
	if s.style == "sequential" {
		return s.oneAfterTheOther()
	}
	parts := start(s.width, s.fetch)
	return sum(parts.join()), nil
}

func (s *join) oneAfterTheOther() (page uint64, err error) {
	begin := time.Now()
	var delay time.Duration
	for i := range s.width {
		page += s.fetch(i)
		delay += s.delay(i)
	}
	if time.Since(begin) < delay {
		return 0, errors.New("sequential fetches ran at the same time")
	}
	return page, nil
}

func (s *join) fetch(i uint64) uint64 {
	if s.delayUS > 0 {
		time.Sleep(s.delay(i))
	}
	return i
}

func (s *join) delay(i uint64) time.Duration {
	times := uint64(1)
	if s.delays == "unequal" {
		times = i%3 + 1
	}
	return time.Duration(times*s.delayUS) * time.Microsecond
}
