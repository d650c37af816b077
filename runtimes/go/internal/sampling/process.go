package sampling

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

// usage is what all threads of this process have spent since it began.
type usage struct {
	cpuNS       uint64
	voluntary   uint64
	involuntary uint64
}

func processUsage() usage {
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		panic(fmt.Sprintf("getrusage of this process cannot fail, but: %v", err))
	}
	return usage{
		cpuNS:       uint64(spent.Utime.Nano() + spent.Stime.Nano()),
		voluntary:   uint64(spent.Nvcsw),
		involuntary: uint64(spent.Nivcsw),
	}
}

// allocations counts the objects that were ever allocated. It stops all goroutines for a moment.
func allocations() uint64 {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.Mallocs
}

// ForgetMemory gives back what earlier cells used and begins a new peak, where the kernel allows it.
func ForgetMemory() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // 5: reset the peak, proc(5).
}

// peakRSSBytes is nil where /proc is not mounted.
func peakRSSBytes() *uint64 {
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

// threadTimes is the CPU time in ns of each living thread, by thread id; none where the kernel
// does not tell.
func threadTimes() map[string]uint64 {
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

// busyThreads counts the threads that spent at least 1 % of what all spent between two readings.
func busyThreads(before, after map[string]uint64) uint64 {
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
