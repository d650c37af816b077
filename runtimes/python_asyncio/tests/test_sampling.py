import asyncio
import time
import unittest
from dataclasses import dataclass, field

from regatta_asyncio import loops, process, sampling
from regatta_asyncio.scenarios import SCENARIOS
from regatta_asyncio.scenarios.scenario import Scenario
from regatta_asyncio.scenarios.work import compute


@dataclass
class Planned(Scenario):
    """Answers what it is told to, and fails when there is nothing left."""

    answers: list[int] = field(default_factory=list)

    def check(self):
        pass

    def operations(self):
        return 7

    async def run(self, latency):
        await asyncio.sleep(0.001)
        latency.record(1_000)
        latency.counts["runs"] += 1
        return self.answers.pop(0)


@dataclass
class Parted(Scenario):
    """Times two parts of three."""

    times_a_part = True

    def check(self):
        pass

    def operations(self):
        return 1

    async def run(self, latency):
        for is_timed in True, False, True:
            if is_timed:
                latency.clock.start()
            time.sleep(0.01)
            compute(20_000)
            if is_timed:
                latency.clock.stop()
        return 1


class Samples(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(loops.close, self.loop)

    def test_a_sample_holds_totals(self):
        sample = sampling.take(self.loop, Planned([5, 5, 5]), 3)
        self.assertEqual(sample["iterations"], 3)
        self.assertEqual(sample["operations"], 21)
        self.assertEqual(sample["answer"], 5)
        self.assertNotIn("answers_differ", sample)
        self.assertEqual(sample["counters"], {"runs": 3})
        self.assertEqual(sum(count for _, count in sample["latency"]["buckets"]), 3)
        self.assertGreaterEqual(sample["ns"], 3_000_000)
        self.assertGreater(sample["ns"], sample["cpu_ns"])

    def test_only_the_parts_that_a_scenario_marks_are_timed(self):
        begin, cpu_begin = time.perf_counter_ns(), time.process_time_ns()
        switches_before, _ = process.context_switches()
        sample = sampling.take(self.loop, Parted(), 1)
        self.assertGreaterEqual(sample["ns"], 20_000_000)
        self.assertLess(sample["ns"], time.perf_counter_ns() - begin - 10_000_000)
        self.assertGreater(sample["cpu_ns"], 0)
        self.assertLess(sample["cpu_ns"], time.process_time_ns() - cpu_begin)
        switches, _ = process.context_switches()
        self.assertGreaterEqual(sample["context_switches"]["voluntary"], 2)
        self.assertLess(sample["context_switches"]["voluntary"], switches - switches_before)

    def test_what_recording_costs_is_told_where_something_is_recorded(self):
        self.assertGreater(sampling.take(self.loop, Planned([5]), 1)["recording_ns"], 0)
        self.assertNotIn("recording_ns", sampling.take(self.loop, Parted(), 1))

    def test_answers_that_differ_are_said(self):
        for answers in [4, 5, 5], [5, 4, 5], [5, 5, 4]:
            with self.subTest(answers):
                sample = sampling.take(self.loop, Planned(answers), 3)
                self.assertTrue(sample["answers_differ"])

    def test_a_run_that_fails_gives_no_sample(self):
        with self.assertRaises(IndexError):
            sampling.take(self.loop, Planned([5]), 2)

    def test_the_thread_that_spawns_from_outside_runs_no_tasks(self):
        scenario = SCENARIOS["spawn"](tasks=2_000, from_="external")
        sample = sampling.take(self.loop, scenario, 3)
        self.assertEqual(sample["answer"], 1_999_000)
        self.assertEqual(sample.get("threads_used", 1), 1)

    def test_threads_that_look_addresses_up_run_no_tasks(self):
        scenario = SCENARIOS["proxy"](through="proxy", connections=20, round_trips=1)
        for variant in loops.LOOPS:
            loop = loops.LOOPS[variant]()
            sample = sampling.take(loop, scenario, 3)
            loops.close(loop)
            with self.subTest(variant):
                self.assertEqual(sample.get("threads_used", 1), 1)

    def test_threads_that_block_for_others_run_no_tasks(self):
        scenario = SCENARIOS["file_read"](file_mib=1, reads=500, depth=8)
        for variant in loops.LOOPS:
            loop = loops.LOOPS[variant]()
            sample = sampling.take(loop, scenario, 1)
            loops.close(loop)
            with self.subTest(variant):
                self.assertEqual(sample.get("threads_used", 1), 1)

    def test_only_threads_that_worked_are_busy(self):
        before = {1: 1_000, 2: 1_000, 4: 9_000}
        after = {1: 2_000, 2: 1_001, 3: 500, 4: 10}
        self.assertEqual(process.busy_threads(before, after), 2)


if __name__ == "__main__":
    unittest.main()
