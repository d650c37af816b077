package scenarios

import (
	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// echoing is echo over loopback TCP, timed while the clients talk.
type echoing struct{ clients }

func newEcho() Scenario {
	return &echoing{clients{connections: 64, messageBytes: 64, roundTrips: 30}}
}

func (s *echoing) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("connections", &s.connections),
		parameters.Number("message_bytes", &s.messageBytes),
		parameters.Number("round_trips", &s.roundTrips),
	}
}

func (s *echoing) Check() error {
	if err := s.check(); err != nil {
		return err
	}
	return checkDescriptors(s.connections, splicedEcho)
}

// TimesAPart: while the clients talk, all of them connected.
func (s *echoing) TimesAPart() {}

func (s *echoing) Run(recorder *latency.Recorder) (uint64, error) {
	server, err := serve(echo)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	connections, err := s.connect(server.address())
	defer resetAll(connections)
	if err != nil {
		return 0, err
	}
	recorder.StartClock()
	defer recorder.StopClock()
	return s.talk(connections, recorder)
}
