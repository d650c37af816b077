package parameters

import (
	"encoding/json"
	"strings"
	"testing"
)

type example struct {
	size    uint64
	style   string
	room    uint64
	endless bool
}

func (e *example) list() List {
	return List{
		Number("size", &e.size),
		Choice("style", &e.style, "join", "spawn"),
		NumberOr("room", &e.room, &e.endless, "unbounded"),
	}
}

func TestParametersAreReadAndPrintedInTheirOrder(t *testing.T) {
	e := example{size: 1, style: "join", room: 2}
	given := map[string]string{"room": "unbounded", "size": "18446744073709551615", "style": "spawn"}
	if err := e.list().Assign(given); err != nil {
		t.Fatal(err)
	}
	printed, err := json.Marshal(e.list())
	expected := `{"size":18446744073709551615,"style":"spawn","room":"unbounded"}`
	if err != nil || string(printed) != expected {
		t.Errorf("got %s and %v, expected %s", printed, err, expected)
	}
}

func TestANumberTakesTheWordAway(t *testing.T) {
	e := example{endless: true}
	if err := e.list().Assign(map[string]string{"room": "0"}); err != nil || e.endless || e.room != 0 {
		t.Errorf("got %+v and %v", e, err)
	}
}

func TestWrongParametersAreExplained(t *testing.T) {
	for name, expected := range map[string]string{
		"siz":   "there is no parameter 'siz'; there are: size, style, room",
		"size":  "size must be a whole number, but it is '-1'",
		"style": "style must be one of join spawn, but it is '-1'",
		"room":  "room must be a whole number or the word unbounded, but it is '-1'",
	} {
		err := new(example).list().Assign(map[string]string{name: "-1"})
		if err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("got %v, expected: %s", err, expected)
		}
	}
}
