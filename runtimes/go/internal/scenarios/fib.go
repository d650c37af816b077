package scenarios

import (
	"errors"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// fib is Fibonacci's numbers the slow way: one of the two below is a goroutine, the other a call.
type fib struct{ n uint64 }

func newFib() Scenario { return &fib{n: 20} }

func (s *fib) Parameters() parameters.List {
	return parameters.List{parameters.Number("n", &s.n)}
}

func (s *fib) Check() error {
	if s.n > 40 {
		return errors.New("n must be at most 40")
	}
	return nil
}

// Operations is the number of calls, 2 fib(n+1) - 1.
func (s *fib) Operations() uint64 {
	number, next := uint64(0), uint64(1)
	for range s.n + 1 {
		number, next = next, number+next
	}
	return 2*number - 1
}

func (s *fib) Run(*latency.Recorder) (uint64, error) {
	return fibonacci(s.n), nil
}

func fibonacci(n uint64) uint64 {
	if n < 2 {
		return n
	}
	one := future(func() uint64 { return fibonacci(n - 1) })
	two := fibonacci(n - 2)
	return <-one + two
}
