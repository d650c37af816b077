// Package sampling times runs of a scenario, and says what the process spent on them.
package sampling

import (
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/protocol"
	"regatta/contender/internal/scenarios"
)

// Take runs the scenario so often, back to back. Everything but the clock is read outside of what
// is timed.
//
// There is no threads_used in a sample: GOMAXPROCS bounds how many threads run Go code at a time,
// but the runtime swaps a thread that blocks for another one, and does not tell which of its threads
// ran goroutines, collected garbage or sat in a system call. What can be seen is how many threads
// were busy, whatever with: that is the counter os_threads.
func Take(scenario scenarios.Scenario, iterations uint64) (protocol.Sample, error) {
	recorder := new(latency.Recorder)
	threadsBefore := threadTimes()
	allocationsBefore := allocations()
	usageBefore := processUsage()
	begin := time.Now()

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

	ns := time.Since(begin)
	used := processUsage()
	allocated := allocations() - allocationsBefore
	threads := busyThreads(threadsBefore, threadTimes())

	sample := protocol.Sample{
		Iterations:    iterations,
		NS:            uint64(ns),
		CPUNS:         used.cpuNS - usageBefore.cpuNS,
		Operations:    iterations * scenario.Operations(),
		Answer:        answer,
		AnswersDiffer: differ,
		Allocations:   allocated,
		PeakRSSBytes:  peakRSSBytes(),
		ContextSwitches: protocol.ContextSwitches{
			Voluntary:   used.voluntary - usageBefore.voluntary,
			Involuntary: used.involuntary - usageBefore.involuntary,
		},
		Counters: map[string]uint64{"os_threads": threads},
	}
	for name, figure := range recorder.Counts() {
		sample.Counters[name] = figure
	}
	if buckets := recorder.Buckets(); buckets != nil {
		sample.Latency = &protocol.Latency{Unit: "ns", Buckets: buckets}
	}
	return sample, nil
}
