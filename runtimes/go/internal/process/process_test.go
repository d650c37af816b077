package process

import "testing"

func TestOnlyThreadsThatWorkedAreBusy(t *testing.T) {
	before := map[string]uint64{"1": 1_000, "2": 1_000, "4": 9_000}
	after := map[string]uint64{"1": 2_000, "2": 1_001, "3": 500, "4": 10}
	if busy := BusyThreads(before, after); busy != 2 {
		t.Errorf("threads 1 and 3 worked, but %d are counted", busy)
	}
}

func TestMemoryThatIsWrittenIsResident(t *testing.T) {
	const size = 64 << 20
	before := ResidentBytes()
	memory := make([]byte, size)
	for i := range memory {
		memory[i] = byte(i)
	}
	held := ResidentBytes()
	if held < before+size*9/10 {
		t.Errorf("%d bytes were written, but %d grew to %d", size, before, held)
	}
	if memory[size-1] != 255 {
		t.Error("the memory is gone")
	}
	memory = nil
	ReleaseMemory()
	if left := ResidentBytes(); left > held-size*9/10 {
		t.Errorf("%d bytes were given back, but %d shrank to %d", size, held, left)
	}
}
