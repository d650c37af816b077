package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A server runs a handler for each of its connections, in a goroutine of its own.
type server struct {
	door    *net.TCPListener
	running sync.WaitGroup // The acceptor, and the handlers.
}

// listen is on loopback. The backlog is the system's limit, 4096 by default.
func listen() (*net.TCPListener, error) {
	door, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("cannot listen on loopback: %w", err)
	}
	return door, nil
}

func serve(handle func(*net.TCPConn)) (*server, error) {
	door, err := listen()
	if err != nil {
		return nil, err
	}
	s := &server{door: door}
	s.running.Add(1)
	go s.accept(handle)
	return s, nil
}

func (s *server) address() *net.TCPAddr { return s.door.Addr().(*net.TCPAddr) }

// stop accepts nobody any more, and waits until those who are there have gone.
func (s *server) stop() {
	s.door.Close()
	s.running.Wait()
}

func (s *server) accept(handle func(*net.TCPConn)) {
	defer s.running.Done()
	for {
		connection, err := s.door.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // No descriptor or no memory: whoever is served will leave some.
			continue
		}
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			handle(connection)
		}()
	}
}

// echo sends back what it is sent, until the peer has finished or is gone.
func echo(peer *net.TCPConn) {
	defer peer.Close()
	io.Copy(peer, peer) // An error means that the peer is gone, as an end does.
}

// forward connects a client to the upstream, and relays between the two.
func forward(client *net.TCPConn, address *net.TCPAddr) {
	upstream, err := net.DialTCP("tcp", nil, address)
	if err != nil {
		reset(client) // Rather than an end that looks in order.
		return
	}
	defer client.Close()
	defer upstream.Close()

	var ways sync.WaitGroup
	ways.Add(2)
	go func() {
		defer ways.Done()
		carry(upstream, client)
	}()
	go func() {
		defer ways.Done()
		carry(client, upstream)
	}()
	ways.Wait()
}

// carry passes on what comes from source, and then that it has finished. A failure ends the other
// way too, and both peers learn of it.
func carry(target, source *net.TCPConn) {
	if _, err := io.Copy(target, source); err != nil {
		reset(source)
		reset(target)
		return
	}
	target.CloseWrite() // Whoever reads or writes next finds out if it failed.
}

// reset ends a connection so that no port waits in TIME_WAIT, and that the peer sees it broken. To
// reset what is closed does nothing.
func reset(connection *net.TCPConn) {
	if connection != nil {
		connection.SetLinger(0)
		connection.Close()
	}
}
