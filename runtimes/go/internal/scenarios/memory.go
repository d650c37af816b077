package scenarios

import (
	"context"
	"net"
	"runtime"
	"sync"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
	"regatta/contender/internal/process"
)

// memory is what goroutines that wait for something take, and what is left when they have ended.
type memory struct {
	kind  string
	tasks uint64
}

func newMemory() Scenario { return &memory{kind: "sleep", tasks: 10_000} }

func (s *memory) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("kind", &s.kind, "sleep", "receive", "connection"),
		parameters.Number("tasks", &s.tasks),
	}
}

func (s *memory) Check() error {
	if s.kind == "connection" {
		return checkDescriptors(s.tasks, socketPair)
	}
	return nil
}

func (s *memory) Operations() uint64 { return 1 }

func (s *memory) Run(recorder *latency.Recorder) (uint64, error) {
	parked, err := s.park(func() { recorder.Count("bytes", process.ResidentBytes()) })
	if err != nil {
		return 0, err
	}
	process.ReleaseMemory() // Until the next collection it would only be garbage.
	recorder.Count("held_bytes", process.ResidentBytes())
	return parked, nil
}

// park has all tasks wait, calls look, ends them, and answers how many they were.
func (s *memory) park(look func()) (parked uint64, err error) {
	switch s.kind {
	case "receive":
		return s.receivers(look), nil
	case "connection":
		return s.readers(look)
	default:
		return s.sleepers(look), nil
	}
}

func (s *memory) receivers(look func()) uint64 {
	mail := make(chan uint64)
	parking := newParking(s.tasks)
	receivers := start(s.tasks, func(uint64) struct{} {
		parking.arrive()
		<-mail
		return struct{}{}
	})
	parked := parking.wait()
	look()
	close(mail)
	receivers.join()
	return parked
}

// sleepers wait for a timer or the end of their context: a time.Sleep could not be ended.
func (s *memory) sleepers(look func()) uint64 {
	life, end := context.WithCancel(context.Background())
	parking := newParking(s.tasks)
	sleepers := start(s.tasks, func(uint64) struct{} {
		hour := time.NewTimer(time.Hour)
		defer hour.Stop()
		parking.arrive()
		select {
		case <-hour.C:
		case <-life.Done():
		}
		return struct{}{}
	})
	parked := parking.wait()
	look()
	end()
	sleepers.join()
	return parked
}

// readers are the handlers of a server that nobody sends anything.
func (s *memory) readers(look func()) (uint64, error) {
	parking := newParking(s.tasks)
	server, err := serve(func(peer *net.TCPConn) {
		defer peer.Close()
		parking.arrive()
		peer.Read(make([]byte, 1))
	})
	if err != nil {
		return 0, err
	}
	defer server.stop()
	peers := make([]*net.TCPConn, s.tasks)
	defer func() { resetAll(peers) }()
	for i := range peers {
		if peers[i], err = dial(server.address()); err != nil {
			return 0, err
		}
	}
	parked := parking.wait()
	look()
	return parked, nil
}

// A parking knows when so many goroutines wait.
type parking struct {
	tasks   uint64
	missing sync.WaitGroup
}

func newParking(tasks uint64) *parking {
	p := &parking{tasks: tasks}
	p.missing.Add(int(tasks))
	return p
}

// arrive says that the goroutine is going to wait next.
func (p *parking) arrive() { p.missing.Done() }

// wait answers how many there are when all wait.
func (p *parking) wait() uint64 {
	p.missing.Wait()
	// Whoever was about to wait does so while this one stands at the end of the queue; no more than
	// those that run on another thread at this moment can still be under way.
	runtime.Gosched()
	return p.tasks
}
