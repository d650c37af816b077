// Package protocol holds the messages of Regatta's protocol, version 1: one JSON object a line.
package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Version of the protocol that is spoken here.
const Version = 1

// MaxLineBytes is the longest line that either side accepts, its newline included.
const MaxLineBytes = 64 * 1024

// A Request is one of Hello, List, Prepare, Run and Quit.
type Request interface{ isRequest() }

// Hello opens the conversation, or opens it anew.
type Hello struct {
	Variant string // Empty: the contender's default.
	Threads uint64 // 0: the default of the variant.
}

// List asks for the scenarios.
type List struct{}

// Prepare makes one cell ready. The values are texts, whether they were numbers or strings.
type Prepare struct {
	Scenario string
	Params   map[string]string
}

// Run takes samples of the prepared cell.
type Run struct {
	Iterations uint64
	Samples    uint64
}

// Quit ends the conversation; so does the end of stdin.
type Quit struct{}

func (Hello) isRequest()   {}
func (List) isRequest()    {}
func (Prepare) isRequest() {}
func (Run) isRequest()     {}
func (Quit) isRequest()    {}

// Parse reads one line. Its error is a sentence about what was wrong with it.
func Parse(line []byte) (Request, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil || object == nil {
		return nil, fmt.Errorf("expected one JSON object on the line; got: %s", excerpt(line))
	}
	switch {
	case object["hello"] != nil:
		return parseHello(line)
	case object["prepare"] != nil:
		return parsePrepare(object["prepare"])
	case object["run"] != nil:
		return parseRun(object["run"])
	case object["list"] != nil:
		return List{}, nil
	case object["quit"] != nil:
		return Quit{}, nil
	}
	return nil, fmt.Errorf("a request is one of hello, list, prepare, run, quit; got: %s", excerpt(line))
}

func parseHello(line []byte) (Request, error) {
	var hello struct {
		Hello   uint64 `json:"hello"`
		Variant string `json:"variant"`
		Threads uint64 `json:"threads"`
	}
	if err := json.Unmarshal(line, &hello); err != nil {
		return nil, sentence("hello", err)
	}
	if hello.Hello != Version {
		return nil, fmt.Errorf("the driver speaks protocol %d; this contender speaks protocol %d", hello.Hello, Version)
	}
	return Hello{hello.Variant, hello.Threads}, nil
}

func parsePrepare(inner json.RawMessage) (Request, error) {
	var prepare struct {
		Scenario *string                    `json:"scenario"`
		Params   map[string]json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(inner, &prepare); err != nil {
		return nil, sentence("prepare", err)
	}
	if prepare.Scenario == nil {
		return nil, errors.New("prepare.scenario must be a string; it is missing")
	}
	params := make(map[string]string, len(prepare.Params))
	for name, value := range prepare.Params {
		text, err := valueText(value)
		if err != nil {
			return nil, fmt.Errorf("prepare: params.%s %w", name, err)
		}
		params[name] = text
	}
	return Prepare{*prepare.Scenario, params}, nil
}

func parseRun(inner json.RawMessage) (Request, error) {
	run := struct {
		Iterations uint64 `json:"iterations"`
		Samples    uint64 `json:"samples"`
	}{Samples: 1}
	if err := json.Unmarshal(inner, &run); err != nil {
		return nil, sentence("run", err)
	}
	if run.Iterations == 0 || run.Samples == 0 {
		return nil, errors.New("run.iterations and run.samples must be 1 or more")
	}
	return Run{run.Iterations, run.Samples}, nil
}

// valueText is the text of a parameter, which is a whole number or a string.
func valueText(value json.RawMessage) (string, error) {
	var text string
	if err := json.Unmarshal(value, &text); err == nil && value[0] == '"' {
		return text, nil
	}
	number := string(bytes.TrimSpace(value))
	if _, err := strconv.ParseUint(number, 10, 64); err != nil {
		return "", fmt.Errorf("must be a whole number (0 or more) or a string; got %s", excerpt(value))
	}
	return number, nil
}

// sentence says what encoding/json found wrong in the words of the protocol.
func sentence(where string, err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", where, err)
	}
	if wrong.Field != "" {
		where += "." + wrong.Field
	}
	expected := map[string]string{"uint64": "a whole number, 0 or more", "string": "a string"}[wrong.Type.String()]
	if expected == "" {
		expected = "an object"
	}
	return fmt.Errorf("%s must be %s; got %s", where, expected, wrong.Value)
}

// excerpt is the beginning of a text, fit to be quoted in a sentence.
func excerpt(text []byte) string {
	const longest = 80
	if len(text) > longest {
		return strconv.QuoteToASCII(string(text[:longest])) + "…"
	}
	return strconv.QuoteToASCII(string(text))
}
