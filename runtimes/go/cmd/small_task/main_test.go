package main

import (
	"os/exec"
	"testing"
)

func TestItPrintsTheAnswerAndEnds(t *testing.T) {
	printed, err := exec.Command("go", "run", ".").Output()
	if err != nil || string(printed) != "42\n" {
		t.Errorf("got %q and %v", printed, err)
	}
}
