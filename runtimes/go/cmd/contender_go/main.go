// Command contender_go runs Regatta's scenarios on the Go runtime: goroutines, channels and the
// net package. It speaks the protocol on stdin and stdout, and logs to stderr.
package main

import (
	"fmt"
	"os"

	"regatta/contender/internal/conversation"
)

func main() {
	if len(os.Args) != 2 || os.Args[1] != "--serve" {
		fmt.Fprintln(os.Stderr, "usage: contender_go --serve (speaks Regatta's protocol on stdin and stdout; "+
			"try it with: regatta verify contender_go)")
		os.Exit(2)
	}
	if err := conversation.Serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "contender_go:", err)
		os.Exit(1)
	}
}
