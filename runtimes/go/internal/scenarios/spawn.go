package scenarios

import (
	"errors"
	"runtime"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// spawn is many goroutines at once, and their answers together: in the order in which they were
// started, or (spawn_set) as they come.
type spawn struct {
	style string
	tasks uint64
	body  string
	from  string
}

func newSpawn() Scenario {
	return &spawn{style: "spawn", tasks: 10_000, body: "ready", from: "worker"}
}

func (s *spawn) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("style", &s.style, "spawn", "unordered_set", "spawn_set"),
		parameters.Number("tasks", &s.tasks),
		parameters.Choice("body", &s.body, "ready", "yield", "sleep", "receive"),
		parameters.Choice("from", &s.from, "worker", "external", "block_on"),
	}
}

func (s *spawn) Check() error {
	switch {
	case s.tasks == 0:
		return errors.New("tasks must be at least 1")
	case s.style == "unordered_set":
		return noTaskWithinATask
	case s.from == "external":
		return noGoroutineFromOutside
	}
	return nil
}

func (s *spawn) Operations() uint64 { return s.tasks }

func (s *spawn) Run(*latency.Recorder) (uint64, error) {
	mail := make(chan uint64, 100)
	if s.body != "receive" {
		return s.parent(mail), nil
	}
	postman := start(1, func(uint64) struct{} {
		s.deliver(mail)
		return struct{}{}
	})
	answer := s.parent(mail)
	postman.join()
	return answer, nil
}

// parent is a goroutine of its own (worker), or the one that waits for the run (block_on), which in
// this program is the main goroutine.
func (s *spawn) parent(mail <-chan uint64) uint64 {
	if s.from == "worker" {
		return <-future(func() uint64 { return s.started(mail) })
	}
	return s.started(mail)
}

func (s *spawn) started(mail <-chan uint64) uint64 {
	child := func(i uint64) uint64 { return s.child(i, mail) }
	if s.style == "spawn_set" {
		return sumAsTheyCome(s.tasks, child)
	}
	return sum(start(s.tasks, child).join())
}

func sumAsTheyCome(count uint64, child func(uint64) uint64) (total uint64) {
	answers := make(chan uint64, count)
	for i := range count {
		go func() { answers <- child(i) }()
	}
	for range count {
		total += <-answers
	}
	return total
}

func (s *spawn) child(index uint64, mail <-chan uint64) uint64 {
	switch s.body {
	case "yield":
		runtime.Gosched()
	case "sleep":
		time.Sleep(time.Millisecond)
	case "receive":
		return <-mail
	}
	return index
}

// deliver sends as many letters as there are children.
func (s *spawn) deliver(mail chan<- uint64) {
	for letter := range s.tasks {
		mail <- letter
	}
}
