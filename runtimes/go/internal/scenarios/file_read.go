package scenarios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// fileRead is blocks of a file read in a random order by some goroutines, each of which blocks a
// thread meanwhile: that is how Go reads files.
type fileRead struct{ fileMiB, reads, depth, blockBytes uint64 }

func newFileRead() Scenario {
	return &fileRead{fileMiB: 1_024, reads: 10_000, depth: 1, blockBytes: 4_096}
}

func (s *fileRead) Parameters() parameters.List {
	return parameters.List{
		parameters.Number("file_mib", &s.fileMiB),
		parameters.Number("reads", &s.reads),
		parameters.Number("depth", &s.depth),
		parameters.Number("block_bytes", &s.blockBytes),
	}
}

func (s *fileRead) Check() error {
	switch {
	case s.fileMiB == 0 || s.reads == 0 || s.depth == 0:
		return errors.New("file_mib, reads and depth must be at least 1")
	case s.fileMiB > 1<<20:
		return errors.New("file_mib must be at most 1048576, a TiB")
	case s.blockBytes == 0 || s.blockBytes%wordBytes != 0 || s.blockBytes > s.fileMiB<<20:
		return errors.New("block_bytes must be a multiple of 8, and no more than the file has")
	}
	return nil
}

func (s *fileRead) Operations() uint64 { return s.reads }

// TimesAPart: the reads, and not the making of the file.
func (s *fileRead) TimesAPart() {}

func (s *fileRead) Run(recorder *latency.Recorder) (uint64, error) {
	file, err := numbers.open(s.fileMiB)
	if err != nil {
		return 0, err
	}
	sums := make([]uint64, s.depth)
	var readers errgroup.Group
	recorder.StartClock()
	defer recorder.StopClock()
	for reader := range s.depth {
		readers.Go(func() (err error) {
			sums[reader], err = s.read(file, reader, recorder)
			return err
		})
	}
	err = readers.Wait()
	return sum(sums), err
}

// read is one reader. It answers the sum of the first words of the blocks.
func (s *fileRead) read(file *os.File, reader uint64, recorder *latency.Recorder) (total uint64, err error) {
	block := make([]byte, s.blockBytes)
	blocks := s.fileMiB << 20 / s.blockBytes
	next, end := share(reader, s.depth, s.reads)
	for ; next < end; next++ {
		at := splitmix64(next) % blocks * s.blockBytes
		begin := time.Now()
		if _, err := file.ReadAt(block, int64(at)); err != nil {
			return total, fmt.Errorf("cannot read: %w", err)
		}
		recorder.Since(begin, reader)
		total += binary.LittleEndian.Uint64(block)
	}
	return total, nil
}

// splitmix64 is the generator of that name (Steele, Lea and Flood 2014) as a function of its state.
func splitmix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

const wordBytes = 8

// A numbersFile has words of 8 bytes, little-endian, each of which is its own index. It has no name
// any more, so that it goes with the process; and it is made again only for another size.
type numbersFile struct {
	mutex sync.Mutex
	file  *os.File
	mib   uint64
}

var numbers numbersFile

func (n *numbersFile) open(mib uint64) (*os.File, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if n.mib == mib {
		return n.file, nil
	}
	if n.file != nil {
		n.file.Close()
	}
	n.file, n.mib = nil, 0 // Where the next one cannot be made there is none.
	made, err := makeNumbers(mib)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file of %d MiB in %s: %w", mib, os.TempDir(), err)
	}
	n.file, n.mib = made, mib
	return made, nil
}

// makeNumbers writes the file, after which all of it is in the page cache.
func makeNumbers(mib uint64) (*os.File, error) {
	file, err := os.CreateTemp("", "regatta-file-read-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	chunk := make([]byte, 1<<20)
	for i := range mib {
		for at := uint64(0); at < 1<<20; at += wordBytes {
			binary.LittleEndian.PutUint64(chunk[at:], (i<<20+at)/wordBytes)
		}
		if _, err := file.Write(chunk); err != nil {
			file.Close()
			return nil, err
		}
	}
	return file, nil
}
