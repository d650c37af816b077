package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sync/errgroup"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// accepting is clients that connect as fast as one server accepts them, which closes each connection
// at once.
type accepting struct{ connects, atOnce uint64 }

func newAccept() Scenario { return &accepting{connects: 10_000, atOnce: 100} }

func (s *accepting) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("connects", &s.connects),
		parameters.Number("at_once", &s.atOnce),
	}
}

func (s *accepting) Check() error {
	if s.connects == 0 || s.atOnce == 0 {
		return errors.New("connects and at_once must be at least 1")
	}
	return checkDescriptors(s.atOnce, socketPair)
}

func (s *accepting) Operations() uint64 { return s.connects }

func (s *accepting) Run(*latency.Recorder) (uint64, error) {
	door, err := listen()
	if err != nil {
		return 0, err
	}
	accepted := future(func() uint64 { return acceptAll(door) })
	var clients errgroup.Group
	for client := range s.atOnce {
		clients.Go(func() error {
			first, end := share(client, s.atOnce, s.connects)
			for ; first < end; first++ {
				if err := knock(door.Addr().(*net.TCPAddr)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err = clients.Wait()
	door.Close()
	return <-accepted, err
}

// acceptAll accepts and closes until the door is closed, and answers how many that were.
func acceptAll(door *net.TCPListener) (accepted uint64) {
	for {
		connection, err := door.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return accepted
		}
		if err == nil {
			connection.Close()
			accepted++
		}
	}
}

// knock connects, and waits until the server has accepted and closed.
func knock(target *net.TCPAddr) error {
	server, err := dial(target)
	if err != nil {
		return err
	}
	defer reset(server)
	if _, err := server.Read(make([]byte, 1)); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("the server should have closed, but: %v", err)
	}
	return nil
}
