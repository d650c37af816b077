package conversation

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"regatta/contender/internal/protocol"
)

// introduction says what this program is, and how it is set up now.
func introduction() protocol.HelloReply {
	return protocol.HelloReply{
		Hello:        protocol.Version,
		Runtime:      "go",
		Variant:      "",
		Variants:     []string{""},
		Version:      runtime.Version(),
		Language:     "go",
		Scheduling:   "work stealing",
		IO:           observedIO(),
		Capabilities: []string{"timer", "net", "file"},
		Threads:      runtime.GOMAXPROCS(0),
		Compiler:     runtime.Compiler + " " + runtime.Version(),
		Flags:        flags(),
		Allocator:    "go (garbage collected)",
		Track:        "default",
		Pid:          os.Getpid(),
	}
}

// observedIO names what the runtime waits for sockets with, as its descriptors show it.
func observedIO() string {
	time.Sleep(time.Nanosecond) // The first timer or socket of a program sets its poller up.
	descriptors, _ := filepath.Glob("/proc/self/fd/*")
	for _, descriptor := range descriptors {
		if kind, _ := os.Readlink(descriptor); kind == "anon_inode:[eventpoll]" {
			return "epoll"
		}
	}
	return ""
}

// flags are the settings that the program was built with, but for those that follow from the
// version of Go and its go.mod, and those of the environment that change how it runs.
func flags() string {
	var settings []string
	if build, known := debug.ReadBuildInfo(); known {
		for _, setting := range build.Settings {
			if !strings.HasPrefix(setting.Key, "vcs") && setting.Key != "DefaultGODEBUG" {
				settings = append(settings, setting.Key+"="+setting.Value)
			}
		}
	}
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GODEBUG"} {
		if value := os.Getenv(name); value != "" {
			settings = append(settings, name+"="+value)
		}
	}
	return strings.Join(settings, " ")
}
