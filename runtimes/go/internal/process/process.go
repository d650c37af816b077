// Package process reads what this process has spent and holds.
package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

// Spent is what all threads of this process have spent, since it began or between two readings.
type Spent struct {
	CPUNS               uint64
	VoluntarySwitches   uint64
	InvoluntarySwitches uint64
}

// Usage is what was spent since the process began.
func Usage() Spent {
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		panic(fmt.Sprintf("getrusage of this process cannot fail, but: %v", err))
	}
	return Spent{
		CPUNS:               uint64(spent.Utime.Nano() + spent.Stime.Nano()),
		VoluntarySwitches:   uint64(spent.Nvcsw),
		InvoluntarySwitches: uint64(spent.Nivcsw),
	}
}

// Since is what was spent after an earlier reading.
func (s Spent) Since(earlier Spent) Spent {
	return Spent{
		CPUNS:               s.CPUNS - earlier.CPUNS,
		VoluntarySwitches:   s.VoluntarySwitches - earlier.VoluntarySwitches,
		InvoluntarySwitches: s.InvoluntarySwitches - earlier.InvoluntarySwitches,
	}
}

// Plus is what both spent.
func (s Spent) Plus(other Spent) Spent {
	return Spent{
		CPUNS:               s.CPUNS + other.CPUNS,
		VoluntarySwitches:   s.VoluntarySwitches + other.VoluntarySwitches,
		InvoluntarySwitches: s.InvoluntarySwitches + other.InvoluntarySwitches,
	}
}

// Allocations counts the objects that were ever allocated. It stops all goroutines for a moment.
func Allocations() uint64 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.Mallocs
}

// ForgetMemory gives back what earlier cells used and begins a new peak, where the kernel allows it.
func ForgetMemory() {
	ReleaseMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // 5: reset the peak, proc(5).
}

// ReleaseMemory collects the garbage, and gives the system back what is free then.
func ReleaseMemory() {
	runtime.GC() // Once more than FreeOSMemory does: what has a finalizer goes in the second one.
	debug.FreeOSMemory()
}

// ResidentBytes is how much memory of the process is in RAM now; 0 where /proc is not mounted.
func ResidentBytes() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident uint64 // Pages, proc(5).
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}

// PeakRSSBytes is nil where /proc is not mounted.
func PeakRSSBytes() *uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	_, peak, found := bytes.Cut(status, []byte("VmHWM:"))
	if !found {
		return nil
	}
	kilobytes, err := strconv.ParseUint(string(bytes.Fields(peak)[0]), 10, 64)
	if err != nil {
		return nil
	}
	peakBytes := kilobytes * 1024
	return &peakBytes
}

// ThreadTimes is the CPU time in ns of each living thread, by thread id; none where the kernel does
// not tell.
func ThreadTimes() map[string]uint64 {
	times := map[string]uint64{}
	files, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // A thread may end while we look.
		}
		var ns uint64
		if _, err := fmt.Sscan(string(content), &ns); err == nil {
			times[filepath.Base(filepath.Dir(file))] = ns
		}
	}
	return times
}

// BusyThreads counts the threads that spent at least 1 % of what all spent between two readings.
func BusyThreads(before, after map[string]uint64) uint64 {
	var total, busy uint64
	spent := map[string]uint64{}
	for thread, ns := range after {
		spent[thread] = ns - min(ns, before[thread]) // A new thread can have the id of an old one.
		total += spent[thread]
	}
	for _, ns := range spent {
		if ns > 0 && ns*100 >= total {
			busy++
		}
	}
	return busy
}
