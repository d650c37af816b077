package scenarios

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// blocking is a ticker beside goroutines that block their threads in a system call.
type blocking struct {
	how                     string
	blockers, blocks, ticks uint64
}

func newBlocking() Scenario {
	return &blocking{how: "inline", blockers: 4, blocks: 2, ticks: 50}
}

func (s *blocking) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("how", &s.how, "inline", "run_blocking"),
		parameters.Number("blockers", &s.blockers),
		parameters.Number("blocks", &s.blocks),
		parameters.Number("ticks", &s.ticks),
	}
}

func (s *blocking) Check() error {
	if s.ticks == 0 {
		return errors.New("ticks must be at least 1")
	}
	if s.how == "run_blocking" {
		return Unsupported("Go has no such call: a goroutine that blocks its thread in a system call loses its processor " +
			"to another one by itself (how=inline)")
	}
	return nil
}

func (s *blocking) Operations() uint64 { return s.ticks }

func (s *blocking) Run(recorder *latency.Recorder) (uint64, error) {
	blocked := make([]uint64, s.blockers)
	var blockers errgroup.Group
	for i := range blocked {
		blockers.Go(func() error {
			for range s.blocks {
				if err := blockThread(20 * time.Millisecond); err != nil {
					return err
				}
				blocked[i]++
			}
			return nil
		})
	}
	ticked, err := tick(s.ticks, recorder)
	err = errors.Join(err, blockers.Wait())
	return ticked + sum(blocked), err
}

// blockThread sleeps as a C library would that is called: time.Sleep blocks no thread.
func blockThread(length time.Duration) error {
	left := syscall.NsecToTimespec(length.Nanoseconds())
	for {
		err := syscall.Nanosleep(&left, &left)
		if err == nil {
			return nil
		}
		if err != syscall.EINTR {
			return fmt.Errorf("cannot sleep: %w", err)
		}
	}
}
