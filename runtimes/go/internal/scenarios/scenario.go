// Package scenarios holds Regatta's workloads as a Go programmer writes them. What each one does,
// its parameters and its answer are those of the header of that name in Regatta's folder scenarios.
package scenarios

import (
	"maps"
	"slices"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// A Scenario is one workload with its parameters.
type Scenario interface {
	// Parameters are places: to assign to them changes the scenario.
	Parameters() parameters.List
	// Check says why these parameters make no sense, or (Unsupported) ask for what Go does not have.
	Check() error
	// Operations is what the time of one run is divided by.
	Operations() uint64
	// Run does the work and answers the scenario's number. It can be called again.
	Run(*latency.Recorder) (uint64, error)
}

// A PartTimer starts and stops the recorder's clock itself: what it does before and after, as to
// connect or to write a file, is not timed.
type PartTimer interface {
	Scenario
	TimesAPart()
}

// A Threaded scenario is run with a number of threads of its own.
type Threaded interface {
	Scenario
	Threads() int
}

// Unsupported says what Go does not have.
type Unsupported string

func (u Unsupported) Error() string { return string(u) }

// Each with its defaults.
var all = map[string]func() Scenario{
	"accept":               newAccept,
	"blocking":             newBlocking,
	"bytes":                newBytes,
	"cancel_read":          newCancelRead,
	"cancel_storm":         newCancelStorm,
	"chained_spawn":        newChainedSpawn,
	"channel":              newChannel,
	"channel_backpressure": newChannelBackpressure,
	"channel_latency":      newChannelLatency,
	"channel_ring":         newChannelRing,
	"connect_churn":        newConnectChurn,
	"echo":                 newEcho,
	"fairness":             newFairness,
	"fan_out":              newFanOut,
	"fib":                  newFib,
	"file_read":            newFileRead,
	"frame_size":           newFrameSize,
	"join":                 newJoin,
	"join_cpu":             newJoinCPU,
	"memory":               newMemory,
	"nqueens":              newNQueens,
	"ping_pong":            newPingPong,
	"proxy":                newProxy,
	"scaling":              newScaling,
	"select":               newSelect,
	"shutdown":             newShutdown,
	"skynet":               newSkynet,
	"sleep_many":           newSleepMany,
	"spawn":                newSpawn,
	"spawn_many":           newSpawnMany,
	"stream":               newStream,
	"timeout":              newTimeout,
	"timer_lateness":       newTimerLateness,
	"timers":               newTimers,
	"wake":                 newWake,
	"yield":                newYield,
}

// Why the others are not here.
var missing = map[string]string{
	"binary_size": "it is measured from outside, by the driver, with the small programs in cmd/",
	"spawn_blocking": "Go has no pool for calls that block, and no call that hands one over: " +
		"a goroutine may block, and the runtime gives its processor to another thread (blocking, how=inline)",
	"startup": "Go's runtime begins and ends with its process; the process is measured from outside, by the driver",
}

// Names of all scenarios, those that are missing too, sorted.
func Names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(all)), maps.Keys(missing))
	slices.Sort(names)
	return names
}

// New is the scenario of that name with its default parameters, or nil.
func New(name string) Scenario {
	if create, known := all[name]; known {
		return create()
	}
	return nil
}

// Missing says why the scenario of that name is not here; empty if it is, or nobody knows it.
func Missing(name string) string { return missing[name] }

// Children that one task drives without giving each a goroutine, which is what `join` and
// `unordered_set` ask for.
const noTaskWithinATask = Unsupported("one goroutine cannot drive several children that wait: " +
	"in Go each of them is a goroutine of its own (style=spawn)")

// Whoever could start a goroutine is one, on one of the runtime's threads.
const noGoroutineFromOutside = Unsupported("a thread that is not the Go runtime's cannot start a goroutine " +
	"without becoming one of its threads")
