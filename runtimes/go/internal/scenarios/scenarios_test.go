package scenarios

import (
	"errors"
	"maps"
	"runtime"
	"strconv"
	"testing"

	"regatta/contender/internal/latency"
)

// The sizes that tests use, and what Regatta's oracle says to them.
var smoke = map[string]struct {
	given      map[string]string
	answer     uint64
	operations uint64
}{
	"chained_spawn":        {given("depth", "20"), 20, 20},
	"channel":              {given("producers", "2", "consumers", "2", "messages", "200"), indices(200), 200},
	"channel_backpressure": {given("capacity", "4", "messages", "100", "steps", "100"), indices(100), 100},
	"channel_latency":      {given("producers", "2", "consumers", "2", "messages", "100"), indices(100), 100},
	"channel_ring":         {given("tasks", "5", "rounds", "5", "tokens", "2"), 50, 50},
	"join":                 {given("width", "3", "delay_us", "200"), indices(3), 3},
	"join_cpu":             {given("width", "3", "steps", "100"), computed(3, 100), 3},
	"ping_pong":            {given("pairs", "20"), indices(20) + 20, 20},
	"proxy":                {given("connections", "3", "message_bytes", "100", "round_trips", "5"), 1_500, 15},
	"skynet":               {given("leaves", "1000"), indices(1_000), 1_111},
	"spawn":                {given("tasks", "100"), indices(100), 100},
	"yield":                {given("tasks", "10", "yields", "10"), 100, 100},
}

func TestEveryScenarioAnswersWhatItsOracleSays(t *testing.T) {
	for _, name := range Names() {
		expected, known := smoke[name]
		if !known {
			t.Errorf("%s has no oracle here", name)
			continue
		}
		for _, given := range choices(New(name), expected.given) {
			t.Run(name+" "+text(given), func(t *testing.T) {
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
			})
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
		"chained_spawn":        given("depth", "0"),
		"channel":              given("payload_bytes", "9"),
		"channel_backpressure": given("capacity", "0"),
		"channel_latency":      given("consumers", "0"),
		"channel_ring":         given("tasks", "2", "tokens", "3"),
		"join":                 given("width", "0"),
		"join_cpu":             given("width", "0"),
		"ping_pong":            given("pairs", "0"),
		"proxy":                given("connections", "0"),
		"skynet":               given("leaves", "7"),
		"spawn":                given("tasks", "0"),
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
	scenario := &proxy{through: "proxy", connections: 1 << 40, messageBytes: 1, roundTrips: 1}
	var cannot Unsupported
	if err := scenario.Check(); !errors.As(err, &cannot) {
		t.Errorf("got %v", err)
	}
}

func TestLatenciesAreRecorded(t *testing.T) {
	for _, name := range []string{"channel_backpressure", "channel_latency", "proxy"} {
		scenario := New(name)
		if err := scenario.Parameters().Assign(smoke[name].given); err != nil {
			t.Fatal(err)
		}
		recorder := new(latency.Recorder)
		if _, err := scenario.Run(recorder); err != nil {
			t.Fatal(err)
		}
		var count uint64
		for _, bucket := range recorder.Buckets() {
			count += bucket[1]
		}
		if count != smoke[name].operations {
			t.Errorf("%s recorded %d latencies of %d", name, count, smoke[name].operations)
		}
	}
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

// choices are all combinations of the words that the scenario's parameters can have.
func choices(scenario Scenario, base map[string]string) []map[string]string {
	combinations := []map[string]string{base}
	for _, parameter := range scenario.Parameters() {
		words := parameter.Words()
		if words == nil {
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
