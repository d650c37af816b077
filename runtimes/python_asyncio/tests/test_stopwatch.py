import time
import unittest

from regatta_asyncio.stopwatch import Stopwatch


class Watching(unittest.TestCase):
    def test_it_may_start_at_a_moment_that_has_passed(self):
        clock = Stopwatch()
        clock.start(time.perf_counter_ns() - 1_000_000_000)
        clock.stop()
        self.assertGreaterEqual(clock.ns, 1_000_000_000)

    def test_a_clock_that_runs_is_not_started_again(self):
        clock = Stopwatch()
        clock.start()
        with self.assertRaisesRegex(RuntimeError, "runs already"):
            clock.start()

    def test_a_clock_that_does_not_run_is_not_stopped(self):
        clock = Stopwatch()
        clock.start()
        clock.stop()
        with self.assertRaisesRegex(RuntimeError, "does not run"):
            clock.stop()


if __name__ == "__main__":
    unittest.main()
