// Package parameters reads and prints the sizes and choices of a scenario, which names each of them
// once, with a place for its value.
package parameters

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Parameter is a name and the place of a value.
type Parameter struct {
	name  string
	value value
}

// A List is all parameters of one scenario, in its order.
type List []Parameter

type value interface {
	parse(text string) error
	json() string
}

// Number is a whole number.
func Number(name string, place *uint64) Parameter {
	return Parameter{name, number{place}}
}

// Choice is one of some words.
func Choice(name string, place *string, words ...string) Parameter {
	return Parameter{name, choice{place, words}}
}

// NumberOr is a whole number, or one word that stands for none: then isWord is set.
func NumberOr(name string, place *uint64, isWord *bool, word string) Parameter {
	return Parameter{name, numberOr{number{place}, isWord, word}}
}

// Words are the alternatives of a choice; none for other parameters.
func (p Parameter) Words() []string {
	if words, isChoice := p.value.(choice); isChoice {
		return words.words
	}
	return nil
}

// Name of the parameter.
func (p Parameter) Name() string { return p.name }

// Assign sets the parameters that are given. Its error is a sentence.
func (l List) Assign(given map[string]string) error {
	for name, text := range given {
		at := slices.IndexFunc(l, func(p Parameter) bool { return p.name == name })
		if at < 0 {
			return fmt.Errorf("there is no parameter '%s'; there are: %s", name, l.names())
		}
		if err := l[at].value.parse(text); err != nil {
			return fmt.Errorf("%s %w, but it is '%s'", name, err, text)
		}
	}
	return nil
}

// MarshalJSON is an object of all parameters, in their order.
func (l List) MarshalJSON() ([]byte, error) {
	var object bytes.Buffer
	object.WriteByte('{')
	for i, p := range l {
		if i > 0 {
			object.WriteByte(',')
		}
		fmt.Fprintf(&object, "%s:%s", quoted(p.name), p.value.json())
	}
	object.WriteByte('}')
	return object.Bytes(), nil
}

func (l List) names() string {
	names := make([]string, len(l))
	for i, p := range l {
		names[i] = p.name
	}
	return strings.Join(names, ", ")
}

type number struct{ place *uint64 }

func (n number) parse(text string) error {
	parsed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("must be a whole number")
	}
	*n.place = parsed
	return nil
}

func (n number) json() string { return strconv.FormatUint(*n.place, 10) }

type choice struct {
	place *string
	words []string
}

func (c choice) parse(text string) error {
	if !slices.Contains(c.words, text) {
		return fmt.Errorf("must be one of %s", strings.Join(c.words, " "))
	}
	*c.place = text
	return nil
}

func (c choice) json() string { return quoted(*c.place) }

type numberOr struct {
	number
	isWord *bool
	word   string
}

func (n numberOr) parse(text string) error {
	*n.isWord = text == n.word
	if *n.isWord {
		return nil
	}
	if n.number.parse(text) != nil {
		return fmt.Errorf("must be a whole number or the word %s", n.word)
	}
	return nil
}

func (n numberOr) json() string {
	if *n.isWord {
		return quoted(n.word)
	}
	return n.number.json()
}

func quoted(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // Every string has a JSON literal.
	}
	return string(literal)
}
