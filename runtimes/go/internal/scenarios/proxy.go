package scenarios

import (
	"net"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// proxy is echo over loopback TCP, direct or through a proxy.
type proxy struct {
	through string
	clients
}

func newProxy() Scenario {
	return &proxy{"direct", clients{connections: 64, messageBytes: 128, roundTrips: 30}}
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
	if err := s.check(); err != nil {
		return err
	}
	if s.through == "proxy" {
		const more = 6 // Two sockets, and a pipe each way.
		return checkDescriptors(s.connections, splicedEcho+more)
	}
	return checkDescriptors(s.connections, splicedEcho)
}

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
	defer resetAll(servers)
	if err != nil {
		return 0, err
	}
	return s.talk(servers, recorder)
}
