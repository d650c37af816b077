package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// proxy is echo over loopback TCP, direct or through a proxy. Each client sends a message and waits
// until all of it has come back (closed loop).
type proxy struct {
	through      string
	connections  uint64
	messageBytes uint64
	roundTrips   uint64
}

func newProxy() Scenario {
	return &proxy{through: "direct", connections: 64, messageBytes: 128, roundTrips: 30}
}

func (s *proxy) Parameters() parameters.List {
	return parameters.List{
		parameters.Choice("through", &s.through, "direct", "proxy"),
		parameters.Number("connections", &s.connections),
		parameters.Number("message_bytes", &s.messageBytes),
		parameters.Number("round_trips", &s.roundTrips),
	}
}

func (s *proxy) Check() error {
	if s.connections == 0 || s.messageBytes == 0 || s.roundTrips == 0 {
		return errors.New("connections, message_bytes and round_trips must be at least 1")
	}
	return s.checkDescriptors()
}

// Without enough descriptors clients would wait for ever for a server that cannot accept them.
func (s *proxy) checkDescriptors() error {
	const spare = 100 // For the runtime.
	// Two sockets, and a pipe that splice(2) moves the echo through. In the proxy there are two more
	// sockets, and a pipe each way.
	each := uint64(4)
	if s.through == "proxy" {
		each = 10
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // Nothing is known to be wrong.
	}
	if needed := s.connections*each + spare; needed > limit.Cur {
		return Unsupported(fmt.Sprintf("needs %d descriptors, and this process may have %d (ulimit -Hn): "+
			"choose fewer connections", needed, limit.Cur))
	}
	return nil
}

func (s *proxy) Operations() uint64 { return s.connections * s.roundTrips }

func (s *proxy) Run(recorder *latency.Recorder) (uint64, error) {
	echoing, err := serve(echo)
	if err != nil {
		return 0, err
	}
	defer echoing.stop()
	if s.through == "direct" {
		return s.drive(echoing.address(), recorder)
	}
	relaying, err := serve(func(client *net.TCPConn) { forward(client, echoing.address()) })
	if err != nil {
		return 0, err
	}
	defer relaying.stop()
	return s.drive(relaying.address(), recorder)
}

// drive connects all clients, then lets all begin.
func (s *proxy) drive(target *net.TCPAddr, recorder *latency.Recorder) (uint64, error) {
	begin := time.Now()
	servers, err := s.connect(target)
	recorder.Count("setup_ns", uint64(time.Since(begin)))
	defer func() {
		for _, server := range servers {
			reset(server)
		}
	}()
	if err != nil {
		return 0, err
	}

	echoed := make([]uint64, s.connections)
	var clients errgroup.Group
	for i, server := range servers {
		clients.Go(func() (err error) {
			echoed[i], err = s.ask(server, uint64(i), recorder)
			return err
		})
	}
	err = clients.Wait()
	return sum(echoed), err
}

// connect answers the connections that were made, also where one failed.
func (s *proxy) connect(target *net.TCPAddr) ([]*net.TCPConn, error) {
	servers := make([]*net.TCPConn, s.connections)
	var connecting errgroup.Group
	for i := range servers {
		connecting.Go(func() (err error) {
			if servers[i], err = net.DialTCP("tcp", nil, target); err != nil {
				err = fmt.Errorf("cannot connect: %w", err)
			}
			return err
		})
	}
	return servers, connecting.Wait()
}

// ask is a client. It answers how many bytes came back right.
func (s *proxy) ask(server *net.TCPConn, client uint64, recorder *latency.Recorder) (rightBytes uint64, err error) {
	defer reset(server)
	question := make([]byte, s.messageBytes)
	answer := make([]byte, s.messageBytes)
	for round := range s.roundTrips {
		fill(question, client, round)
		begin := time.Now()
		if _, err := server.Write(question); err != nil {
			return rightBytes, fmt.Errorf("cannot send: %w", err)
		}
		if _, err := io.ReadFull(server, answer); err != nil {
			return rightBytes, fmt.Errorf("cannot receive: %w", err)
		}
		recorder.Since(begin, client)
		if bytes.Equal(answer, question) {
			rightBytes += s.messageBytes
		}
	}
	return rightBytes, nil
}

// fill makes no two messages alike, so that one which went astray is noticed.
func fill(message []byte, client, round uint64) {
	word := client*0x9e3779b97f4a7c15 + round
	for i := range message {
		message[i] = byte(word>>56 ^ word)
		word = word*6364136223846793005 + 1442695040888963407 // Knuth's LCG.
	}
}
