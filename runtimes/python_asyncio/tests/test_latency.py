import unittest

from regatta_asyncio.latency import _MOST_BUCKETS, Recorder, _shortened


class Recording(unittest.TestCase):
    def test_no_value_is_off_by_more_than_one_percent(self):
        value = 1
        while value < 2**63:
            latency = Recorder()
            latency.record(value)
            [(kept, count)] = latency.buckets()
            self.assertEqual(count, 1)
            self.assertLessEqual(abs(kept - value), 0.01 * value, f"{value} is kept as {kept}")
            value += value // 3 + 1

    def test_buckets_are_ascending_and_hold_all_that_was_recorded(self):
        latency = Recorder()
        for value in range(20_000):
            latency.record(value * value * value)
        buckets = latency.buckets()
        self.assertEqual(sum(count for _, count in buckets), 20_000)
        self.assertEqual(buckets, sorted(buckets))
        self.assertEqual(len({value for value, _ in buckets}), len(buckets))
        self.assertLessEqual(len(buckets), _MOST_BUCKETS)

    def test_shortening_loses_nothing_and_flatters_nobody(self):
        buckets = [(1, 1), (2, 1), (3, 1), (4, 1), (9, 1)]
        self.assertEqual(_shortened(buckets, 3), [(2, 2), (4, 2), (9, 1)])


if __name__ == "__main__":
    unittest.main()
