package sampling

import (
	"errors"
	"testing"
	"time"

	"regatta/contender/internal/latency"
	"regatta/contender/internal/parameters"
)

// planned answers what it is told to, and fails when there is nothing left.
type planned struct{ answers []uint64 }

func (p *planned) Parameters() parameters.List { return nil }
func (p *planned) Check() error                { return nil }
func (p *planned) Operations() uint64          { return 7 }

func (p *planned) Run(recorder *latency.Recorder) (uint64, error) {
	if len(p.answers) == 0 {
		return 0, errors.New("out of answers")
	}
	recorder.Record(time.Microsecond, 0)
	recorder.Count("runs", 1)
	time.Sleep(time.Millisecond)
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return answer, nil
}

func TestASampleHoldsTotals(t *testing.T) {
	sample, err := Take(&planned{[]uint64{5, 5, 5}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if sample.Iterations != 3 || sample.Operations != 21 || sample.Answer != 5 || sample.AnswersDiffer {
		t.Errorf("got %+v", sample)
	}
	if sample.NS < 3_000_000 {
		t.Errorf("three runs of a millisecond took %d ns", sample.NS)
	}
	if sample.Counters["runs"] != 3 {
		t.Errorf("got counters %v", sample.Counters)
	}
	if buckets := sample.Latency.Buckets; len(buckets) != 1 || buckets[0][1] != 3 {
		t.Errorf("got latencies %v", buckets)
	}
}

// partTimed works outside of the part that it times as well.
type partTimed struct{ planned }

func (p *partTimed) TimesAPart() {}

func (p *partTimed) Run(recorder *latency.Recorder) (uint64, error) {
	time.Sleep(20 * time.Millisecond)
	recorder.StartClock()
	answer, err := p.planned.Run(recorder)
	recorder.StopClock()
	return answer, err
}

func TestOfAScenarioThatTimesAPartOnlyThatIsTimed(t *testing.T) {
	begin := time.Now()
	sample, err := Take(&partTimed{planned{[]uint64{5, 5}}}, 2)
	whole := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Duration(sample.NS); took < 2*time.Millisecond || took > whole-40*time.Millisecond {
		t.Errorf("the parts took %v of %v", took, whole)
	}
}

func TestWhereLatenciesAreRecordedTheirCostIsSaid(t *testing.T) {
	sample, err := Take(&planned{[]uint64{5}}, 1)
	if err != nil || sample.RecordingNS == nil || *sample.RecordingNS == 0 {
		t.Errorf("got %v and %v", sample.RecordingNS, err)
	}
}

func TestAnswersThatDifferAreSaid(t *testing.T) {
	for _, answers := range [][]uint64{{4, 5, 5}, {5, 4, 5}, {5, 5, 4}} {
		if sample, err := Take(&planned{answers}, 3); err != nil || !sample.AnswersDiffer {
			t.Errorf("%v: got %+v and %v", answers, sample, err)
		}
	}
}

func TestARunThatFailsGivesNoSample(t *testing.T) {
	if _, err := Take(&planned{[]uint64{5}}, 2); err == nil {
		t.Error("no error")
	}
}
