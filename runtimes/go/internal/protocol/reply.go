package protocol

import (
	"encoding/json"
	"io"
)

// HelloReply says what the contender is and how it really is set up.
type HelloReply struct {
	Hello        int      `json:"hello"`
	Runtime      string   `json:"runtime"`
	Variant      string   `json:"variant"`
	Variants     []string `json:"variants"`
	Version      string   `json:"version"`
	Language     string   `json:"language"`
	Scheduling   string   `json:"scheduling"`
	IO           string   `json:"io"`
	Capabilities []string `json:"capabilities"`
	Threads      int      `json:"threads"`
	Compiler     string   `json:"compiler"`
	Flags        string   `json:"flags"`
	Allocator    string   `json:"allocator"`
	Track        string   `json:"track"`
	Pid          int      `json:"pid"`
}

// ListEntry is one scenario with its default parameters, a JSON object, or why it cannot run here.
type ListEntry struct {
	Scenario    string          `json:"scenario"`
	Params      json.RawMessage `json:"params,omitempty"`
	Unsupported string          `json:"unsupported,omitempty"`
}

// Sample holds totals over some iterations; Answer is what one run answered. What is nil is not
// known, and left out.
type Sample struct {
	Iterations      uint64            `json:"iterations"`
	NS              uint64            `json:"ns"`
	CPUNS           uint64            `json:"cpu_ns"`
	Operations      uint64            `json:"operations"`
	Answer          uint64            `json:"answer"`
	AnswersDiffer   bool              `json:"answers_differ,omitempty"`
	Allocations     uint64            `json:"allocations"`
	PeakRSSBytes    *uint64           `json:"peak_rss_bytes,omitempty"`
	ContextSwitches ContextSwitches   `json:"context_switches"`
	Counters        map[string]uint64 `json:"counters,omitempty"`
	Latency         *Latency          `json:"latency,omitempty"`
	RecordingNS     *uint64           `json:"recording_ns,omitempty"`
}

// ContextSwitches of all threads: one waited, or was put aside for another.
type ContextSwitches struct {
	Voluntary   uint64 `json:"voluntary"`
	Involuntary uint64 `json:"involuntary"`
}

// Latency is a distribution as (value, count) pairs, values ascending.
type Latency struct {
	Unit    string      `json:"unit"`
	Buckets [][2]uint64 `json:"buckets"`
}

// The kinds of error: the contender cannot, it tried, or it did not understand.
const (
	Unsupported = "unsupported"
	Failed      = "failed"
	Protocol    = "protocol"
)

// Error can answer anything. Reason is one sentence.
type Error struct {
	Kind   string `json:"error"`
	Reason string `json:"reason"`
}

// SampleReply, Ready, Done and ListEnd are the other messages.
type (
	SampleReply struct {
		Sample Sample `json:"sample"`
	}
	Ready struct {
		Ready bool `json:"ready"`
	}
	Done struct {
		Done bool `json:"done"`
	}
	ListEnd struct {
		End bool `json:"end"`
	}
)

// A Writer writes replies, each a line of its own and at once.
type Writer struct{ json *json.Encoder }

// NewWriter writes to target, which must not be buffered.
func NewWriter(target io.Writer) Writer {
	encoder := json.NewEncoder(target) // Ends each value with a newline, and writes it in one piece.
	encoder.SetEscapeHTML(false)
	return Writer{encoder}
}

// Write fails when nobody reads any more.
func (w Writer) Write(reply any) error { return w.json.Encode(reply) }
