package conversation

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
)

var defaultThreads = runtime.GOMAXPROCS(0)

// say has a conversation, and answers the replies.
func say(t *testing.T, requests ...string) []map[string]any {
	t.Helper()
	t.Cleanup(func() { runtime.GOMAXPROCS(defaultThreads) })
	var output bytes.Buffer
	if err := Serve(strings.NewReader(strings.Join(requests, "\n")+"\n"), &output); err != nil {
		t.Fatal(err)
	}
	var replies []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(output.String()), "\n") {
		var reply map[string]any
		if err := json.Unmarshal([]byte(line), &reply); err != nil {
			t.Fatalf("%q is no message: %v", line, err)
		}
		replies = append(replies, reply)
	}
	return replies
}

func TestAHelloIsAnsweredWithWhatIs(t *testing.T) {
	replies := say(t, `{"hello":1,"threads":3}`, `{"hello":1,"threads":0}`)
	if replies[0]["threads"] != 3.0 {
		t.Errorf("three threads were wished for, %v are said", replies[0]["threads"])
	}
	if replies[1]["threads"] != float64(defaultThreads) {
		t.Errorf("the default is not %v threads", replies[1]["threads"])
	}
	if replies[0]["io"] != "epoll" {
		t.Errorf("io is %v", replies[0]["io"])
	}
}

func TestACellIsPreparedAndRun(t *testing.T) {
	replies := say(t,
		`{"prepare":{"scenario":"skynet","params":{"leaves":100}}}`,
		`{"run":{"iterations":2,"samples":2}}`,
		`{"quit":true}`, `{"list":{}}`)
	if len(replies) != 4 || replies[0]["ready"] != true || replies[3]["done"] != true {
		t.Fatalf("got %v", replies)
	}
	for _, reply := range replies[1:3] {
		sample := reply["sample"].(map[string]any)
		if sample["answer"] != 4950.0 || sample["operations"] != 222.0 {
			t.Errorf("got %v", sample)
		}
	}
}

func TestItGoesOnAfterAnError(t *testing.T) {
	for request, kind := range map[string]string{
		`this is no JSON`:                                           "protocol",
		`{"run":{"iterations":1}}`:                                  "protocol",
		`{"hello":1,"variant":"green"}`:                             "unsupported",
		`{"prepare":{"scenario":"no such"}}`:                        "unsupported",
		`{"prepare":{"scenario":"join","params":{"style":"join"}}}`: "unsupported",
		`{"prepare":{"scenario":"join","params":{"no such":1}}}`:    "failed",
		`{"prepare":{"scenario":"join","params":{"width":0}}}`:      "failed",
	} {
		replies := say(t, request, `{"prepare":{"scenario":"skynet"}}`)
		if len(replies) != 2 || replies[0]["error"] != kind || replies[1]["ready"] != true {
			t.Errorf("%s: got %v", request, replies)
		}
	}
}

func TestAPrepareThatFailsLeavesNothingToRun(t *testing.T) {
	replies := say(t,
		`{"prepare":{"scenario":"skynet","params":{"leaves":10}}}`,
		`{"prepare":{"scenario":"skynet","params":{"leaves":7}}}`,
		`{"run":{"iterations":1}}`)
	if replies[2]["error"] != "protocol" {
		t.Errorf("got %v", replies)
	}
}

func TestALineWithoutAnEndEndsTheConversation(t *testing.T) {
	var output bytes.Buffer
	err := Serve(strings.NewReader(strings.Repeat("x", 70_000)), &output)
	if err == nil || !strings.Contains(output.String(), `"error":"protocol"`) {
		t.Errorf("got %v and %s", err, output.String())
	}
}

func TestWhatIsMissingIsListedAndRefusedWithTheReason(t *testing.T) {
	replies := say(t, `{"list":{}}`, `{"prepare":{"scenario":"startup"}}`)
	refused := replies[len(replies)-1]
	if refused["error"] != "unsupported" {
		t.Errorf("got %v", refused)
	}
	for _, entry := range replies[:len(replies)-2] {
		isMissing := entry["scenario"] == "startup" || entry["scenario"] == "spawn_blocking" || entry["scenario"] == "binary_size"
		if (entry["params"] == nil) != isMissing || (entry["unsupported"] != nil) != isMissing {
			t.Errorf("got %v", entry)
		}
		if entry["scenario"] == "startup" && entry["unsupported"] != refused["reason"] {
			t.Errorf("listed is %v, and refused %v", entry["unsupported"], refused["reason"])
		}
	}
}

func TestACellWithThreadsOfItsOwnLeavesTheOthersAlone(t *testing.T) {
	for request, expected := range map[string]int{
		`{"prepare":{"scenario":"scaling","params":{"threads":5}}}`:    5,
		`{"prepare":{"scenario":"scaling","params":{"threads":0}}}`:    3,
		`{"prepare":{"scenario":"scaling","params":{"threads":9999}}}`: 3,
		`{"prepare":{"scenario":"skynet"}}`:                            3,
	} {
		say(t, `{"hello":1,"threads":3}`, `{"prepare":{"scenario":"scaling","params":{"threads":4}}}`, request)
		if threads := runtime.GOMAXPROCS(0); threads != expected {
			t.Errorf("%s: %d threads, expected %d", request, threads, expected)
		}
	}
}
