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

// Unsupported says what Go does not have.
type Unsupported string

func (u Unsupported) Error() string { return string(u) }

// Each with its defaults.
var all = map[string]func() Scenario{
	"chained_spawn":        newChainedSpawn,
	"channel":              newChannel,
	"channel_backpressure": newChannelBackpressure,
	"channel_latency":      newChannelLatency,
	"channel_ring":         newChannelRing,
	"join":                 newJoin,
	"join_cpu":             newJoinCPU,
	"ping_pong":            newPingPong,
	"proxy":                newProxy,
	"skynet":               newSkynet,
	"spawn":                newSpawn,
	"yield":                newYield,
}

// Names of all scenarios, sorted.
func Names() []string {
	return slices.Sorted(maps.Keys(all))
}

// New is the scenario of that name with its default parameters, or nil.
func New(name string) Scenario {
	if create, known := all[name]; known {
		return create()
	}
	return nil
}

// Children that one task drives without giving each a goroutine, which is what `join` and
// `unordered_set` ask for.
const noTaskWithinATask = Unsupported("one goroutine cannot drive several children that wait: " +
	"in Go each of them is a goroutine of its own (style=spawn)")
