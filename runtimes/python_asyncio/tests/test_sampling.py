import asyncio
import unittest
from dataclasses import dataclass, field

from regatta_asyncio import loops, process, sampling
from regatta_asyncio.scenarios import SCENARIOS
from regatta_asyncio.scenarios.scenario import Scenario


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

    def test_only_threads_that_worked_are_busy(self):
        before = {1: 1_000, 2: 1_000, 4: 9_000}
        after = {1: 2_000, 2: 1_001, 3: 500, 4: 10}
        self.assertEqual(process.busy_threads(before, after), 2)


if __name__ == "__main__":
    unittest.main()
