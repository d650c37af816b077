// Package sampling times runs of a scenario, and says what the process spent on them.
package sampling

import (
	"regatta/contender/internal/latency"
	"regatta/contender/internal/process"
	"regatta/contender/internal/protocol"
	"regatta/contender/internal/scenarios"
)

// Take runs the scenario so often, back to back. Everything but the clock is read outside of what
// is timed: all of the runs, or the parts of them that the scenario marks.
//
// There is no threads_used in a sample: GOMAXPROCS bounds how many threads run Go code at a time,
// but the runtime swaps a thread that blocks for another one, and does not tell which of its threads
// ran goroutines, collected garbage or sat in a system call. What can be seen is how many threads
// were busy, whatever with: that is the counter os_threads.
func Take(scenario scenarios.Scenario, iterations uint64) (protocol.Sample, error) {
	recorder := new(latency.Recorder)
	_, timesAPart := scenario.(scenarios.PartTimer)
	threadsBefore := process.ThreadTimes()
	if !timesAPart {
		recorder.StartClock()
	}

	var answer uint64
	var differ bool
	for i := range iterations {
		latest, err := scenario.Run(recorder)
		if err != nil {
			return protocol.Sample{}, err
		}
		differ = differ || i > 0 && latest != answer
		answer = latest
	}

	if !timesAPart {
		recorder.StopClock()
	}
	elapsed := recorder.Elapsed()
	threads := process.BusyThreads(threadsBefore, process.ThreadTimes())

	sample := protocol.Sample{
		Iterations:    iterations,
		NS:            elapsed.NS,
		CPUNS:         elapsed.Spent.CPUNS,
		Operations:    iterations * scenario.Operations(),
		Answer:        answer,
		AnswersDiffer: differ,
		Allocations:   elapsed.Allocations,
		PeakRSSBytes:  process.PeakRSSBytes(),
		ContextSwitches: protocol.ContextSwitches{
			Voluntary:   elapsed.Spent.VoluntarySwitches,
			Involuntary: elapsed.Spent.InvoluntarySwitches,
		},
		Counters: map[string]uint64{"os_threads": threads},
	}
	for name, figure := range recorder.Counts() {
		sample.Counters[name] = figure
	}
	if buckets := recorder.Buckets(); buckets != nil {
		sample.Latency = &protocol.Latency{Unit: "ns", Buckets: buckets}
		recording := latency.RecordingNS()
		sample.RecordingNS = &recording
	}
	return sample, nil
}
