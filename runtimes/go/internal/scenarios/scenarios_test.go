package scenarios

import (
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"regatta/contender/internal/latency"
)

// A cell is sizes that tests use, and what Regatta's oracle says to them, in whatever choice is not
// given.
type cell struct {
	given      map[string]string
	answer     uint64
	operations uint64
}

var smoke = map[string][]cell{
	"accept":               {{given("connects", "20", "at_once", "4"), 20, 20}},
	"blocking":             {{given("ticks", "3", "blockers", "1", "blocks", "1"), 4, 3}},
	"bytes":                {{given("messages", "5", "receivers", "3", "size", "100"), 3 * sampled(5, 100), 15}},
	"cancel_read":          {{given("chunks", "5", "pause_us", "500"), 500, 5}},
	"cancel_storm":         {{given("tasks", "50", "messages", "20"), indices(20), 50}},
	"chained_spawn":        {{given("depth", "20"), 20, 20}},
	"channel":              {{given("producers", "2", "consumers", "2", "messages", "200"), indices(200), 200}},
	"channel_backpressure": {{given("capacity", "4", "messages", "100", "steps", "100"), indices(100), 100}},
	"channel_latency":      {{given("producers", "2", "consumers", "2", "messages", "100"), indices(100), 100}},
	"channel_ring":         {{given("tasks", "5", "rounds", "5", "tokens", "2"), 50, 50}},
	"connect_churn":        {{given("clients", "2", "churns", "3"), 6, 6}},
	"echo":                 {{given("connections", "3", "message_bytes", "100", "round_trips", "5"), 1_500, 15}},
	"fairness":             {{given("hogs", "2", "ticks", "3", "steps", "1000"), 3, 3}},
	"fan_out":              {{given("children", "3", "depth", "2", "rounds", "2"), 18, 24}},
	"fib":                  {{given("n", "8"), 21, 67}, {given("n", "0"), 0, 1}, {given("n", "1"), 1, 1}},
	"file_read":            {{given("file_mib", "1", "reads", "20"), firstWords(20, 1<<20/4_096), 20}},
	"frame_size": {
		{given("held", "100", "tasks", "20"), indices(20), 20},
		{given("held", "0", "tasks", "20"), indices(20), 20},
		{given("held", "65536", "tasks", "20"), indices(20), 20},
	},
	"join":      {{given("width", "3", "delay_us", "200"), indices(3), 3}},
	"join_cpu":  {{given("width", "3", "steps", "100"), computed(3, 100), 3}},
	"memory":    {{given("tasks", "100"), 100, 1}, {given("tasks", "0"), 0, 1}},
	"nqueens":   {{given("n", "5"), 10, 54}, {given("n", "8"), 92, 2_057}, {given("n", "3"), 0, 6}},
	"ping_pong": {{given("pairs", "20"), indices(20) + 20, 20}},
	"proxy":     {{given("connections", "3", "message_bytes", "100", "round_trips", "5"), 1_500, 15}},
	"scaling": {
		{given("work", "compute", "threads", "1"), indices(200), 200},
		{given("work", "skynet", "threads", "2"), indices(100_000), 111_111},
		{given("work", "fib", "threads", "1"), 2_584, 8_361},
	},
	"select":         {{given("streams", "3", "items", "20"), 3 * indices(20), 60}, {given("streams", "2", "items", "20"), 2 * indices(20), 40}},
	"shutdown":       {{given("tasks", "20"), 20, 20}},
	"skynet":         {{given("leaves", "1000"), indices(1_000), 1_111}},
	"sleep_many":     {{given("tasks", "100"), indices(100), 100}},
	"spawn":          {{given("tasks", "100"), indices(100), 100}},
	"spawn_many":     {{given("tasks", "100"), indices(100), 100}},
	"stream":         {{given("elements", "100"), indices(100) + 100, 100}, {given("elements", "100", "stages", "0"), indices(100), 100}},
	"timeout":        {{given("operations", "100"), indices(100), 100}},
	"timer_lateness": {{given("sleeps", "20", "longest_ms", "5"), 20, 20}},
	"timers": {
		{given("phase", "create", "timers", "100"), 100, 100},
		{given("phase", "fire", "timers", "100"), indices(100), 100},
		{given("phase", "cancel", "timers", "100"), 100, 100},
	},
	"wake":  {{given("wakes", "10", "pause_us", "10"), 10, 10}},
	"yield": {{given("tasks", "10", "yields", "10"), 100, 100}},
}

func TestEveryScenarioAnswersWhatItsOracleSays(t *testing.T) {
	for _, name := range Names() {
		if Missing(name) != "" {
			continue
		}
		if smoke[name] == nil {
			t.Errorf("%s has no oracle here", name)
		}
		for _, expected := range smoke[name] {
			for _, given := range choices(New(name), expected.given) {
				t.Run(name+" "+text(given), func(t *testing.T) { checkAnswers(t, name, given, expected) })
			}
		}
	}
}

func checkAnswers(t *testing.T, name string, given map[string]string, expected cell) {
	scenario := New(name)
	if err := scenario.Parameters().Assign(given); err != nil {
		t.Fatal(err)
	}
	var cannot Unsupported
	if err := scenario.Check(); errors.As(err, &cannot) {
		t.Skip(cannot)
	} else if err != nil {
		t.Fatal(err)
	}
	if operations := scenario.Operations(); operations != expected.operations {
		t.Errorf("counts %d operations, expected %d", operations, expected.operations)
	}
	for range 3 {
		answer, err := scenario.Run(new(latency.Recorder))
		if err != nil || answer != expected.answer {
			t.Errorf("answers %d and %v, expected %d", answer, err, expected.answer)
		}
	}
}

func TestWhatIsMissingHasAReasonAndNothingElse(t *testing.T) {
	for _, name := range Names() {
		if (Missing(name) == "") != (New(name) != nil) {
			t.Errorf("%s is missing (%q), and is %v", name, Missing(name), New(name))
		}
	}
}

func TestEveryMessageSizeArrives(t *testing.T) {
	for _, bytes := range []string{"8", "512", "32768"} {
		for _, capacity := range []string{"0", "1", "1000000"} {
			scenario := New("channel")
			err := scenario.Parameters().Assign(given("payload_bytes", bytes, "capacity", capacity, "messages", "50"))
			if err != nil {
				t.Fatal(err)
			}
			if answer, err := scenario.Run(nil); err != nil || answer != indices(50) {
				t.Errorf("%s bytes through %s: answers %d and %v", bytes, capacity, answer, err)
			}
		}
	}
}

func TestWhatFindsNoRoomIsDropped(t *testing.T) {
	scenario := &channelBackpressure{policy: "drop"}
	parcels := make(chan stamped, 1)
	dropped := scenario.produce(parcels, 0, 100, new(waitingRoom))
	if dropped.messages != 99 || dropped.sum != indices(100) {
		t.Errorf("nobody receives and there is room for 1 of 100, but dropped are %+v", dropped)
	}
}

func TestWhatFindsNoRoomIsSpilled(t *testing.T) {
	scenario := &channelBackpressure{policy: "spill"}
	parcels := make(chan stamped, 1)
	var waiting waitingRoom
	producer := start(1, func(uint64) tally { return scenario.produce(parcels, 0, 100, &waiting) })
	for waiting.now.Load() < 100 {
		runtime.Gosched() // Its producer has to get that far with nobody who receives.
	}
	var received tally
	for range 100 {
		received.add((<-parcels).number)
	}
	if dropped := producer.join()[0]; dropped.messages != 0 || received.sum != indices(100) {
		t.Errorf("received %+v, dropped %+v", received, dropped)
	}
}

func TestParametersThatMakeNoSenseAreRefused(t *testing.T) {
	for name, wrong := range map[string]map[string]string{
		"accept":               given("at_once", "0"),
		"blocking":             given("ticks", "0"),
		"bytes":                given("size", "0"),
		"cancel_read":          given("chunks", "0"),
		"cancel_storm":         given("messages", "0"),
		"chained_spawn":        given("depth", "0"),
		"channel":              given("payload_bytes", "9"),
		"channel_backpressure": given("capacity", "0"),
		"channel_latency":      given("consumers", "0"),
		"channel_ring":         given("tasks", "2", "tokens", "3"),
		"connect_churn":        given("churns", "0"),
		"echo":                 given("round_trips", "0"),
		"fairness":             given("ticks", "0"),
		"fan_out":              given("children", "10", "depth", "8"),
		"fib":                  given("n", "41"),
		"file_read":            given("block_bytes", "12"),
		"frame_size":           given("held", "101", "where", "heap"),
		"join":                 given("width", "0"),
		"join_cpu":             given("width", "0"),
		"nqueens":              given("n", "15"),
		"ping_pong":            given("pairs", "0"),
		"proxy":                given("connections", "0"),
		"scaling":              given("threads", "0"),
		"select":               given("streams", "1"),
		"shutdown":             given("tasks", "0"),
		"skynet":               given("leaves", "7"),
		"sleep_many":           given("tasks", "0"),
		"spawn":                given("tasks", "0"),
		"spawn_many":           given("tasks", "0"),
		"stream":               given("capacity", "0"),
		"timeout":              given("operations", "0"),
		"timer_lateness":       given("longest_ms", "0"),
		"timers":               given("timers", "0"),
		"wake":                 given("wakes", "0"),
	} {
		scenario := New(name)
		if err := scenario.Parameters().Assign(wrong); err != nil {
			t.Fatal(err)
		}
		var cannot Unsupported
		if err := scenario.Check(); err == nil || errors.As(err, &cannot) {
			t.Errorf("%s %v: got %v", name, wrong, err)
		}
	}
}

func TestALostMessageIsNoticed(t *testing.T) {
	if _, err := sumOfAll([]tally{{messages: 2, sum: 3}}, 3); err == nil {
		t.Error("two of three messages are enough for it")
	}
}

func TestMoreConnectionsThanDescriptorsAreRefused(t *testing.T) {
	for name, many := range map[string]string{
		"accept": "at_once", "connect_churn": "clients", "echo": "connections", "memory": "tasks", "proxy": "connections",
	} {
		scenario := New(name)
		params := given(many, strconv.Itoa(1<<40))
		if name == "memory" {
			params["kind"] = "connection"
		}
		if err := scenario.Parameters().Assign(params); err != nil {
			t.Fatal(err)
		}
		var cannot Unsupported
		if err := scenario.Check(); !errors.As(err, &cannot) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLatenciesAreRecorded(t *testing.T) {
	for _, name := range []string{
		"blocking", "channel_backpressure", "channel_latency", "connect_churn", "echo", "fairness", "file_read", "proxy",
		"timer_lateness", "wake",
	} {
		t.Run(name, func(t *testing.T) {
			var count uint64
			for _, bucket := range run(t, name, smoke[name][0].given).Buckets() {
				count += bucket[1]
			}
			if count != smoke[name][0].operations {
				t.Errorf("recorded %d latencies of %d", count, smoke[name][0].operations)
			}
		})
	}
}

func TestWhoTimesAPartDoesSo(t *testing.T) {
	for _, name := range []string{"echo", "file_read", "shutdown", "timers"} {
		if _, does := New(name).(PartTimer); !does {
			t.Errorf("%s does not", name)
		}
		if elapsed := run(t, name, smoke[name][0].given).Elapsed(); elapsed.NS == 0 {
			t.Errorf("%s has not started the clock", name)
		}
	}
}

func TestEachReceiveOfAStormEndsInOneWay(t *testing.T) {
	counts := run(t, "cancel_storm", given("tasks", "500", "messages", "200")).Counts()
	if counts["received"]+counts["timed_out"] != 500 || counts["received"] > 200 {
		t.Errorf("of 500 receives and 200 messages: %v", counts)
	}
}

func TestReadsAreGivenUpWhileNothingComes(t *testing.T) {
	counts := run(t, "cancel_read", given("chunks", "3", "pause_us", "5000")).Counts()
	if counts["timeouts"] == 0 {
		t.Error("no read was given up in two pauses of several milliseconds")
	}
}

func TestGoroutinesThatWaitTakeMemory(t *testing.T) {
	if !isFreshProcess(t) {
		return
	}
	for _, kind := range []string{"sleep", "receive"} {
		few := run(t, "memory", given("kind", kind, "tasks", "0")).Counts()
		many := run(t, "memory", given("kind", kind, "tasks", "20000")).Counts()
		if many["bytes"] < few["bytes"]+20_000*2_048 { // A stack has 2 KiB.
			t.Errorf("%s: 20000 goroutines take %d bytes, none take %d", kind, many["bytes"], few["bytes"])
		}
		if many["held_bytes"] >= many["bytes"] {
			t.Errorf("%s: nothing is given back: %v", kind, many)
		}
	}
}

func TestABufferOnTheStackTakesMemory(t *testing.T) {
	if !isFreshProcess(t) {
		return
	}
	counts := run(t, "frame_size", given("held", "65536", "where", "frame", "tasks", "200")).Counts()
	if counts["bytes"] < 200*65_536 {
		t.Errorf("200 goroutines with 64 KiB each take %d bytes", counts["bytes"])
	}
}

func TestBlockersBlockAsLongAsTheyShall(t *testing.T) {
	scenario := &blocking{how: "inline", blockers: 4, blocks: 2, ticks: 1}
	begin := time.Now()
	if answer, err := scenario.Run(new(latency.Recorder)); err != nil || answer != 9 {
		t.Errorf("answers %d and %v", answer, err)
	}
	if took := time.Since(begin); took < 40*time.Millisecond {
		t.Errorf("to block twice for 20 ms took %v", took)
	}
}

func TestAStrideComesByEveryTimer(t *testing.T) {
	for _, count := range []uint64{1, 2, 3, 6, 100, 618, 1_000, 10_000} {
		stride := uint64(strideOver(count))
		seen := map[uint64]bool{}
		for i := range count {
			seen[i*stride%count] = true
		}
		if uint64(len(seen)) != count {
			t.Errorf("a stride of %d comes by %d of %d", stride, len(seen), count)
		}
	}
}

func TestATimerThatHasFiredIsNotCountedAsStopped(t *testing.T) {
	created := waiting(10)
	fired := make(chan struct{})
	created[3] = time.AfterFunc(0, func() { close(fired) })
	<-fired
	if stopped := stopAll(created, strideOver(10)); stopped != 9 {
		t.Errorf("one of 10 had fired, but %d are stopped", stopped)
	}
}

func TestAByteOutOfPlaceIsNoticed(t *testing.T) {
	writer, err := serve(func(reader *net.TCPConn) {
		defer reader.Close()
		reader.Write([]byte{byteAt(0), byteAt(2), byteAt(2)})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.stop()
	source, err := dial(writer.address())
	if err != nil {
		t.Fatal(err)
	}
	defer reset(source)
	if right, err := readInTurns(source, new(latency.Recorder)); err != nil || right != 2 {
		t.Errorf("two bytes of three are right, but got %d and %v", right, err)
	}
}

func TestTheFileIsMadeAgainForAnotherSizeOnly(t *testing.T) {
	var made numbersFile
	one, err := made.open(1)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := made.open(1); again != one {
		t.Error("it was made twice")
	}
	two, err := made.open(2)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if size, err := two.Seek(0, io.SeekEnd); err != nil || size != 2<<20 {
		t.Errorf("got %d bytes and %v", size, err)
	}
}

// isFreshProcess runs the test in a process of its own, unless this is it: memory that other tests
// have left would be used again.
func isFreshProcess(t *testing.T) bool {
	t.Helper()
	const mark = "REGATTA_FRESH_PROCESS"
	if os.Getenv(mark) != "" {
		return true
	}
	alone := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	alone.Env = append(os.Environ(), mark+"=1")
	if said, err := alone.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
	return false
}

// run answers what a scenario has recorded.
func run(t *testing.T, name string, params map[string]string) *latency.Recorder {
	t.Helper()
	scenario := New(name)
	if err := scenario.Parameters().Assign(params); err != nil {
		t.Fatal(err)
	}
	var cannot Unsupported
	if err := scenario.Check(); errors.As(err, &cannot) {
		t.Skip(cannot)
	} else if err != nil {
		t.Fatal(err)
	}
	recorder := new(latency.Recorder)
	if _, err := scenario.Run(recorder); err != nil {
		t.Fatal(err)
	}
	return recorder
}

func given(namesAndTexts ...string) map[string]string {
	params := map[string]string{}
	for i := 0; i < len(namesAndTexts); i += 2 {
		params[namesAndTexts[i]] = namesAndTexts[i+1]
	}
	return params
}

func indices(count uint64) uint64 { return count * (count - 1) / 2 }

func computed(width, steps uint64) (total uint64) {
	for i := range width {
		state := i
		for range steps {
			state = state*6364136223846793005 + 1442695040888963407
		}
		total += state
	}
	return total
}

// sampled is what a receiver of bytes adds up.
func sampled(messages, size uint64) (total uint64) {
	for m := range messages {
		for _, k := range []uint64{0, size / 2, size - 1} {
			total += (k*7 + m) & 255
		}
	}
	return total
}

// firstWords is the sum of the first words of the blocks of 4 KiB that are read.
func firstWords(reads, blocks uint64) (total uint64) {
	for i := range reads {
		total += splitmix64(i) % blocks * 512
	}
	return total
}

// choices are all combinations of the words that the scenario's parameters can have, but for those
// that are given.
func choices(scenario Scenario, base map[string]string) []map[string]string {
	combinations := []map[string]string{base}
	for _, parameter := range scenario.Parameters() {
		words := parameter.Words()
		if _, isGiven := base[parameter.Name()]; isGiven || words == nil {
			continue
		}
		var more []map[string]string
		for _, combination := range combinations {
			for _, word := range words {
				next := maps.Clone(combination)
				next[parameter.Name()] = word
				more = append(more, next)
			}
		}
		combinations = more
	}
	return combinations
}

func text(params map[string]string) (words string) {
	for _, value := range params {
		if _, err := strconv.Atoi(value); err != nil {
			words += value + " "
		}
	}
	return words
}

func TestSplitmixIsTheGeneratorOfThatName(t *testing.T) {
	if first := splitmix64(0); first != 0xe220a8397b1dcdaf { // As its authors' own code prints it.
		t.Errorf("got %#x", first)
	}
}
