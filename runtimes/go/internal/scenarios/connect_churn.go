package scenarios

import (
	"bytes"
	"errors"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// connectChurn is clients that make a connection for each message, and end it with a reset.
type connectChurn struct{ clients, churns, messageBytes uint64 }

func newConnectChurn() Scenario {
	return &connectChurn{clients: 8, churns: 50, messageBytes: 64}
}

func (s *connectChurn) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("clients", &s.clients),
		parameters.Number("churns", &s.churns),
		parameters.Number("message_bytes", &s.messageBytes),
	}
}

func (s *connectChurn) Check() error {
	if s.clients == 0 || s.churns == 0 || s.messageBytes == 0 {
		return errors.New("clients, churns and message_bytes must be at least 1")
	}
	// A client may be one connection ahead of the server, which has yet to see that the last has ended.
	return checkDescriptors(s.clients, 2*splicedEcho)
}

func (s *connectChurn) Operations() uint64 { return s.clients * s.churns }

func (s *connectChurn) Run(recorder *latency.Recorder) (uint64, error) {
	server, err := serve(echo)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	right := make([]uint64, s.clients)
	var clients errgroup.Group
	for client := range s.clients {
		clients.Go(func() (err error) {
			right[client], err = s.churn(server.address(), client, recorder)
			return err
		})
	}
	err = clients.Wait()
	return sum(right), err
}

// churn is one client. It answers how many of its messages came back right.
func (s *connectChurn) churn(target *net.TCPAddr, client uint64, recorder *latency.Recorder) (right uint64, err error) {
	question := make([]byte, s.messageBytes)
	answer := make([]byte, s.messageBytes)
	for round := range s.churns {
		fill(question, client, round)
		begin := time.Now()
		if err := onConnectionOfItsOwn(target, question, answer); err != nil {
			return right, err
		}
		recorder.Since(begin, client)
		if bytes.Equal(answer, question) {
			right++
		}
	}
	return right, nil
}

func onConnectionOfItsOwn(target *net.TCPAddr, question, answer []byte) error {
	server, err := dial(target)
	if err != nil {
		return err
	}
	defer reset(server)
	return exchange(server, question, answer)
}
