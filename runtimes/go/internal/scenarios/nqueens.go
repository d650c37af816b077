package scenarios

import (
	"errors"
	"math/bits"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// nQueens counts the ways in which n queens can stand on a board, a goroutine for each board on which
// some of them stand without a threat.
type nQueens struct{ n uint64 }

func newNQueens() Scenario { return &nQueens{n: 8} }

func (s *nQueens) Parameters() parameters.List {
	return parameters.List{parameters.Number("n", &s.n)}
}

func (s *nQueens) Check() error {
	if s.n == 0 || s.n > 14 {
		return errors.New("n must be from 1 to 14")
	}
	return nil
}

func (s *nQueens) Operations() uint64 { return board{}.placements(s.n) }

func (s *nQueens) Run(*latency.Recorder) (uint64, error) {
	return board{}.solutions(s.n), nil
}

// A board has a queen in each of its first lines. A bit is a row; those that are threatened in the
// next line are set, apart for each direction from which they are.
type board struct {
	queens             uint64
	rows, upper, lower uint32
}

func (b board) solutions(n uint64) uint64 {
	if b.queens == n {
		return 1
	}
	free := b.free(n)
	boards := make([]board, 0, bits.OnesCount32(free))
	for ; free != 0; free &= free - 1 {
		boards = append(boards, b.with(free&-free))
	}
	children := start(uint64(len(boards)), func(i uint64) uint64 { return boards[i].solutions(n) })
	return sum(children.join())
}

// placements counts this board, and all that can be made of it.
func (b board) placements(n uint64) uint64 {
	count := uint64(1)
	if b.queens < n {
		for free := b.free(n); free != 0; free &= free - 1 {
			count += b.with(free & -free).placements(n)
		}
	}
	return count
}

// free is the rows of the next line that nobody threatens.
func (b board) free(n uint64) uint32 {
	return (1<<n - 1) &^ (b.rows | b.upper | b.lower)
}

func (b board) with(queen uint32) board {
	return board{b.queens + 1, b.rows | queen, (b.upper | queen) << 1, (b.lower | queen) >> 1}
}
