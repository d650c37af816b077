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
)

// clients send messages to an echo server, each on a connection of its own, and wait until all of one
// has come back before they send the next (closed loop).
type clients struct{ connections, messageBytes, roundTrips uint64 }

func (c *clients) check() error {
	if c.connections == 0 || c.messageBytes == 0 || c.roundTrips == 0 {
		return errors.New("connections, message_bytes and round_trips must be at least 1")
	}
	return nil
}

func (c *clients) Operations() uint64 { return c.connections * c.roundTrips }

// connect answers the connections that were made, also where one failed.
func (c *clients) connect(target *net.TCPAddr) ([]*net.TCPConn, error) {
	servers := make([]*net.TCPConn, c.connections)
	var connecting errgroup.Group
	for i := range servers {
		connecting.Go(func() (err error) {
			servers[i], err = dial(target)
			return err
		})
	}
	return servers, connecting.Wait()
}

// talk answers how many bytes came back right.
func (c *clients) talk(servers []*net.TCPConn, recorder *latency.Recorder) (uint64, error) {
	rightBytes := make([]uint64, len(servers))
	var talking errgroup.Group
	for i, server := range servers {
		talking.Go(func() (err error) {
			rightBytes[i], err = c.ask(server, uint64(i), recorder)
			return err
		})
	}
	err := talking.Wait()
	return sum(rightBytes), err
}

// ask is one client.
func (c *clients) ask(server *net.TCPConn, client uint64, recorder *latency.Recorder) (rightBytes uint64, err error) {
	question := make([]byte, c.messageBytes)
	answer := make([]byte, c.messageBytes)
	for round := range c.roundTrips {
		fill(question, client, round)
		begin := time.Now()
		if err := exchange(server, question, answer); err != nil {
			return rightBytes, err
		}
		recorder.Since(begin, client)
		if bytes.Equal(answer, question) {
			rightBytes += c.messageBytes
		}
	}
	return rightBytes, nil
}

func dial(target *net.TCPAddr) (*net.TCPConn, error) {
	server, err := net.DialTCP("tcp", nil, target)
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	return server, nil
}

// exchange sends a question, and receives an answer of the length that there is room for.
func exchange(server *net.TCPConn, question, answer []byte) error {
	if _, err := server.Write(question); err != nil {
		return fmt.Errorf("cannot send: %w", err)
	}
	if _, err := io.ReadFull(server, answer); err != nil {
		return fmt.Errorf("cannot receive: %w", err)
	}
	return nil
}

// fill makes no two messages alike, so that one which went astray is noticed.
func fill(message []byte, client, round uint64) {
	word := client*0x9e3779b97f4a7c15 + round
	for i := range message {
		message[i] = byte(word>>56 ^ word)
		word = word*6364136223846793005 + 1442695040888963407 // Knuth's LCG.
	}
}

func resetAll(connections []*net.TCPConn) {
	for _, connection := range connections {
		reset(connection)
	}
}

// Descriptors that a connection of an echo takes, in both its ends.
const (
	socketPair  = 2
	splicedEcho = socketPair + 2 // And the pipe that splice(2) moves what comes back through.
)

// checkDescriptors refuses more than this process may have: clients would wait for ever for a server
// that cannot accept them.
func checkDescriptors(connections, each uint64) error {
	const spare = 100 // For the runtime.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil // Nothing is known to be wrong.
	}
	if needed := connections*each + spare; needed > limit.Cur {
		return Unsupported(fmt.Sprintf("needs %d descriptors, and this process may have %d (ulimit -Hn): "+
			"choose fewer connections", needed, limit.Cur))
	}
	return nil
}
