// Package conversation answers the driver.
package conversation

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"regatta/contender/internal/process"
	"regatta/contender/internal/protocol"
	"regatta/contender/internal/sampling"
	"regatta/contender/internal/scenarios"
)

// Serve answers requests until the driver quits or has gone. It fails if the driver cannot be
// understood or heard any more.
func Serve(source io.Reader, target io.Writer) error {
	threads := runtime.GOMAXPROCS(0)
	talk := conversation{replies: protocol.NewWriter(target), defaultThreads: threads, threads: threads}
	lines := bufio.NewScanner(source)
	lines.Buffer(nil, protocol.MaxLineBytes)
	for lines.Scan() {
		request, err := protocol.Parse(lines.Bytes())
		if err != nil {
			err = talk.refuse(protocol.Protocol, err)
		} else if _, isQuit := request.(protocol.Quit); isQuit {
			return nil
		} else {
			err = talk.answer(request)
		}
		if err != nil {
			return fmt.Errorf("the driver cannot be answered: %w", err)
		}
	}
	if err := lines.Err(); err != nil {
		return errors.Join(err, talk.refuse(protocol.Protocol, fmt.Errorf("a request cannot be read: %w", err)))
	}
	return nil
}

// More would cost memory and find no processor; the answer to hello says what it has become.
const mostThreads = 1024

type conversation struct {
	replies        protocol.Writer
	defaultThreads int
	threads        int                // Of all cells but those that ask for another number.
	prepared       scenarios.Scenario // nil: none.
}

func (c *conversation) answer(request protocol.Request) error {
	switch request := request.(type) {
	case protocol.Hello:
		return c.greet(request)
	case protocol.List:
		return c.list()
	case protocol.Prepare:
		return c.prepare(request)
	case protocol.Run:
		return c.run(request)
	}
	panic(fmt.Sprintf("no answer is known to %T: add a case for it", request))
}

func (c *conversation) refuse(kind string, why error) error {
	return c.replies.Write(protocol.Error{Kind: kind, Reason: why.Error()})
}

func (c *conversation) greet(hello protocol.Hello) error {
	if hello.Variant != "" {
		return c.refuse(protocol.Unsupported, fmt.Errorf("no variant '%s'; Go is set up in one way only", hello.Variant))
	}
	c.prepared = nil
	c.threads = c.defaultThreads
	if hello.Threads > 0 {
		c.threads = int(min(hello.Threads, mostThreads))
	}
	runtime.GOMAXPROCS(c.threads)
	return c.replies.Write(introduction())
}

func (c *conversation) list() error {
	for _, name := range scenarios.Names() {
		entry := protocol.ListEntry{Scenario: name, Unsupported: scenarios.Missing(name)}
		if scenario := scenarios.New(name); scenario != nil {
			defaults, err := json.Marshal(scenario.Parameters())
			if err != nil {
				return err
			}
			entry.Params = defaults
		}
		if err := c.replies.Write(entry); err != nil {
			return err
		}
	}
	return c.replies.Write(protocol.ListEnd{End: true})
}

func (c *conversation) prepare(request protocol.Prepare) error {
	c.prepared = nil
	runtime.GOMAXPROCS(c.threads)
	if why := scenarios.Missing(request.Scenario); why != "" {
		return c.refuse(protocol.Unsupported, errors.New(why))
	}
	scenario := scenarios.New(request.Scenario)
	if scenario == nil {
		return c.refuse(protocol.Unsupported, fmt.Errorf("this contender knows no scenario '%s'", request.Scenario))
	}
	err := scenario.Parameters().Assign(request.Params)
	if err == nil {
		err = scenario.Check()
	}
	if err != nil {
		return c.refuse(kindOf(err), fmt.Errorf("%s: %w", request.Scenario, err))
	}
	if threaded, wishes := scenario.(scenarios.Threaded); wishes {
		runtime.GOMAXPROCS(threaded.Threads())
	}
	process.ForgetMemory()
	c.prepared = scenario
	return c.replies.Write(protocol.Ready{Ready: true})
}

func (c *conversation) run(request protocol.Run) error {
	if c.prepared == nil {
		return c.refuse(protocol.Protocol, errors.New("run came before a prepare that succeeded"))
	}
	for range request.Samples {
		sample, err := sampling.Take(c.prepared, request.Iterations)
		if err != nil {
			c.prepared = nil
			return c.refuse(kindOf(err), err)
		}
		if err := c.replies.Write(protocol.SampleReply{Sample: sample}); err != nil {
			return err
		}
	}
	return c.replies.Write(protocol.Done{Done: true})
}

func kindOf(err error) string {
	var cannot scenarios.Unsupported
	if errors.As(err, &cannot) {
		return protocol.Unsupported
	}
	return protocol.Failed
}
