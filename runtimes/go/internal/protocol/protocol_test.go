package protocol

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestEveryRequestIsUnderstood(t *testing.T) {
	for line, expected := range map[string]Request{
		`{"hello":1,"variant":"a","threads":2,"seed":18446744073709551615}`: Hello{"a", 2},
		`{"hello":1,"a key from the future":[1]}`:                           Hello{},
		`{"list":{}}`:                       List{},
		`{"prepare":{"scenario":"skynet"}}`: Prepare{"skynet", map[string]string{}},
		`{"prepare":{"scenario":"s","params":{"n":18446744073709551615,"w":"x"}}}`: Prepare{
			"s", map[string]string{"n": "18446744073709551615", "w": "x"}},
		`{"run":{"iterations":12}}`:             Run{12, 1},
		`{"run":{"iterations":12,"samples":3}}`: Run{12, 3},
		`{"quit":true}`:                         Quit{},
	} {
		request, err := Parse([]byte(line))
		if err != nil || !reflect.DeepEqual(request, expected) {
			t.Errorf("%s: got %#v and %v, expected %#v", line, request, err, expected)
		}
	}
}

func TestWhatIsNoRequestIsExplained(t *testing.T) {
	for line, expected := range map[string]string{
		`this is no JSON`:          "expected one JSON object",
		`[1]`:                      "expected one JSON object",
		`null`:                     "expected one JSON object",
		`{}`:                       "a request is one of",
		`{"hello":2}`:              "speaks protocol 2",
		`{"hello":"1"}`:            "hello.hello must be a whole number",
		`{"hello":1,"threads":-1}`: "hello.threads must be a whole number",
		`{"prepare":{}}`:           "scenario must be a string",
		`{"prepare":7}`:            "prepare must be an object",
		`{"prepare":{"scenario":"s","params":[]}}`:         "params must be an object",
		`{"prepare":{"scenario":"s","params":{"n":1.5}}}`:  "params.n must be a whole number",
		`{"prepare":{"scenario":"s","params":{"n":-1}}}`:   "params.n must be a whole number",
		`{"prepare":{"scenario":"s","params":{"n":null}}}`: "params.n must be a whole number",
		`{"run":{}}`:                 "must be 1 or more",
		`{"run":{"iterations":0}}`:   "must be 1 or more",
		`{"run":{"iterations":"1"}}`: "run.iterations must be a whole number",
	} {
		request, err := Parse([]byte(line))
		if err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: got %#v and %v, expected an error about: %s", line, request, err, expected)
		}
	}
}

func TestWhatIsNotKnownIsLeftOutOfASample(t *testing.T) {
	var line bytes.Buffer
	if err := NewWriter(&line).Write(SampleReply{Sample{Answer: 1<<64 - 1}}); err != nil {
		t.Fatal(err)
	}
	text := line.String()
	if !strings.Contains(text, `"answer":18446744073709551615`) {
		t.Errorf("the answer is not printed in full: %s", text)
	}
	for _, key := range []string{"peak_rss_bytes", "latency", "counters", "answers_differ"} {
		if strings.Contains(text, key) {
			t.Errorf("%s is not known, but stands in: %s", key, text)
		}
	}
	if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("not one line: %q", text)
	}
}
