package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// cancelRead is a reader that gives up every read after a millisecond and begins another one: no byte
// may be lost with the read that was given up.
type cancelRead struct{ chunks, chunkBytes, pauseUS uint64 }

func newCancelRead() Scenario {
	return &cancelRead{chunks: 100, chunkBytes: 100, pauseUS: 1_000}
}

func (s *cancelRead) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("chunks", &s.chunks),
		parameters.Number("chunk_bytes", &s.chunkBytes),
		parameters.Number("pause_us", &s.pauseUS),
	}
}

func (s *cancelRead) Check() error {
	if s.chunks == 0 || s.chunkBytes == 0 {
		return errors.New("chunks and chunk_bytes must be at least 1")
	}
	return nil
}

func (s *cancelRead) Operations() uint64 { return s.chunks }

func (s *cancelRead) Run(recorder *latency.Recorder) (uint64, error) {
	writer, err := serve(s.write)
	if err != nil {
		return 0, err
	}
	defer writer.stop()
	source, err := dial(writer.address())
	if err != nil {
		return 0, err
	}
	defer reset(source)
	return readInTurns(source, recorder)
}

// write sends one chunk after the other, with pauses around the length that the reader is patient.
func (s *cancelRead) write(reader *net.TCPConn) {
	defer reader.Close()
	chunk := make([]byte, s.chunkBytes)
	for i := range s.chunks {
		if i > 0 {
			time.Sleep(time.Duration(s.pauseUS*(50+i*37%100)/100) * time.Microsecond)
		}
		for k := range chunk {
			chunk[k] = byteAt(i*s.chunkBytes + uint64(k))
		}
		if _, err := reader.Write(chunk); err != nil {
			return // The reader has gone; it says why.
		}
	}
}

func byteAt(place uint64) byte { return byte(place*131 + 7) }

// readInTurns reads until the end, and answers how many bytes were right.
func readInTurns(source *net.TCPConn, recorder *latency.Recorder) (right uint64, err error) {
	var place, timeouts uint64
	defer func() { recorder.Count("timeouts", timeouts) }()
	piece := make([]byte, 64)
	for {
		source.SetReadDeadline(time.Now().Add(time.Millisecond))
		size, err := source.Read(piece)
		for _, each := range piece[:size] {
			if each == byteAt(place) {
				right++
			}
			place++
		}
		switch {
		case err == io.EOF:
			return right, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			timeouts++
		case err != nil:
			return right, fmt.Errorf("cannot read: %w", err)
		}
	}
}
