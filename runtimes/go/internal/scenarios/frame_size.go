package scenarios

import (
	"errors"
	"fmt"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
	"regatta/contender/internal/process"
)

// frameSize is goroutines that wait with a buffer on the stack (frame) or on the heap, which they
// still need afterwards (open) or not any more (closed).
type frameSize struct {
	held  uint64
	where string
	scope string
	tasks uint64
}

func newFrameSize() Scenario {
	return &frameSize{held: 1_024, where: "frame", scope: "open", tasks: 1_000}
}

func (s *frameSize) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("held", &s.held),
		parameters.Choice("where", &s.where, "frame", "heap"),
		parameters.Choice("scope", &s.scope, "open", "closed"),
		parameters.Number("tasks", &s.tasks),
	}
}

func (s *frameSize) Check() error {
	if s.tasks == 0 {
		return errors.New("tasks must be at least 1")
	}
	if s.holder() == nil {
		return errors.New("held must be 0, 100, 1024 or 65536") // On the stack a size is known when it is compiled.
	}
	return nil
}

func (s *frameSize) Operations() uint64 { return s.tasks }

func (s *frameSize) Run(recorder *latency.Recorder) (uint64, error) {
	hold := s.holder()
	mail := make(chan uint64)
	parking := newParking(s.tasks)
	wait := func() {
		parking.arrive()
		<-mail
	}
	before := process.ResidentBytes()
	tasks := start(s.tasks, func(index uint64) uint64 { return hold(index, wait) })
	parking.wait()
	parked := process.ResidentBytes()
	close(mail)
	checksums := tasks.join()

	recorder.Count("bytes", parked-min(before, parked))
	for index, checksum := range checksums {
		if checksum != uint64(index) {
			return 0, fmt.Errorf("the buffer of task %d has lost what was written into it", index)
		}
	}
	return sum(checksums), nil
}

// A holder writes its index into a buffer, waits, and answers what it finds there.
type holder func(index uint64, wait func()) uint64

// holder is nil where there is none of that size.
func (s *frameSize) holder() holder {
	switch {
	case s.held == 0:
		return holdNothing
	case s.held == 100:
		return holderOf[[100]byte](s)
	case s.held == 1_024:
		return holderOf[[1_024]byte](s)
	case s.held == 65_536:
		return holderOf[[65_536]byte](s)
	}
	return nil
}

func holdNothing(index uint64, wait func()) uint64 {
	wait()
	return index
}

func (s *frameSize) holdOnHeap(index uint64, wait func()) uint64 {
	buffer := make([]byte, s.held) // Its size is not known before: it is not on the stack.
	write(&buffer, index)
	if s.scope == "open" {
		wait()
		return read(&buffer, index)
	}
	found := read(&buffer, index)
	wait()
	return found
}

type stackBuffer interface {
	[100]byte | [1_024]byte | [65_536]byte
}

type buffer interface{ []byte | stackBuffer }

func holderOf[B stackBuffer](s *frameSize) holder {
	switch {
	case s.where == "heap":
		return s.holdOnHeap
	case s.scope == "open":
		return holdOnStack[B]
	}
	return holdOnStackNoLonger[B]
}

func holdOnStack[B stackBuffer](index uint64, wait func()) uint64 {
	var buffer B
	write(&buffer, index)
	wait()
	return read(&buffer, index)
}

func holdOnStackNoLonger[B stackBuffer](index uint64, wait func()) uint64 {
	var found uint64
	{
		var buffer B
		write(&buffer, index)
		found = read(&buffer, index)
	}
	wait()
	return found
}

// The smallest unit in which the system gives memory.
const pageBytes = 4_096

// write leaves no page of the buffer untouched.
func write[B buffer](held *B, index uint64) {
	for i := 0; i < len(*held); i += pageBytes {
		(*held)[i] = byte(index)
	}
}

// read answers the index if it is what was written.
func read[B buffer](held *B, index uint64) uint64 {
	for i := 0; i < len(*held); i += pageBytes {
		if (*held)[i] != byte(index) {
			return ^index
		}
	}
	return index
}
