import asyncio
import dataclasses
import itertools
import time
import unittest

from regatta_asyncio import loops, parameters, process
from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios import SCENARIOS, Unsupported
from regatta_asyncio.scenarios.ticker import sleep_until
from regatta_asyncio.scenarios.timers import stride_over
from regatta_asyncio.scenarios.work import Tally, sum_of_all


def indices(count):
    return count * (count - 1) // 2


def computed(width, steps):
    total = 0
    for state in range(width):
        for _ in range(steps):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        total += state
    return total % 2**64


def first_words(reads, blocks):
    """Each of the blocks is of 4096 bytes, and a word of 8 bytes is its own index."""
    for x in range(reads):
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        yield (x ^ x >> 31) % blocks * 512


# The sizes that tests use, and what Regatta's oracle says to them: the answer, and the operations.
SMOKE = {
    "accept": ({"connects": 20, "at_once": 4}, 20, 20),
    "blocking": ({"blockers": 1, "blocks": 1, "ticks": 3}, 4, 3),
    "bytes": (
        {"receivers": 3, "size": 100, "messages": 5},
        3 * sum((i * 7 + m) % 256 for i in (0, 50, 99) for m in range(5)),
        15,
    ),
    "cancel_read": ({"chunks": 5, "pause_us": 500}, 500, 5),
    "cancel_storm": ({"tasks": 50, "messages": 20}, indices(20), 50),
    "chained_spawn": ({"depth": 20}, 20, 20),
    "channel": ({"producers": 2, "consumers": 2, "messages": 200}, indices(200), 200),
    "channel_backpressure": ({"capacity": 4, "messages": 100, "steps": 100}, indices(100), 100),
    "channel_latency": ({"producers": 2, "consumers": 2, "messages": 100}, indices(100), 100),
    "channel_ring": ({"tasks": 5, "rounds": 5, "tokens": 2}, 50, 50),
    "connect_churn": ({"clients": 2, "churns": 3}, 6, 6),
    "echo": ({"connections": 3, "message_bytes": 100, "round_trips": 5}, 1_500, 15),
    "fairness": ({"hogs": 2, "steps": 1_000, "ticks": 3}, 3, 3),
    "fan_out": ({"children": 3, "depth": 2, "rounds": 2}, 18, 24),
    "fib": ({"n": 8}, 21, 67),
    "file_read": ({"file_mib": 1, "reads": 20}, sum(first_words(20, blocks=256)), 20),
    "frame_size": ({"held": 100, "tasks": 20}, indices(20), 20),
    "join": ({"width": 3, "delay_us": 200}, 3, 3),
    "join_cpu": ({"width": 3, "steps": 100}, computed(3, 100), 3),
    "memory": ({"tasks": 100}, 100, 1),
    "nqueens": ({"n": 5}, 10, 54),
    "ping_pong": ({"pairs": 20}, indices(20) + 20, 20),
    "proxy": ({"connections": 3, "message_bytes": 100, "round_trips": 5}, 1_500, 15),
    "scaling": ({"work": "compute"}, indices(200), 200),
    "select": ({"items": 20, "streams": 3}, 3 * indices(20), 60),
    "shutdown": ({"tasks": 20}, 20, 20),
    "skynet": ({"leaves": 1_000}, indices(1_000), 1_111),
    "sleep_many": ({"tasks": 100}, indices(100), 100),
    "spawn": ({"tasks": 100}, indices(100), 100),
    "spawn_blocking": ({"batches": 3, "batch": 4}, 3 * indices(4), 12),
    "spawn_many": ({"tasks": 100}, indices(100), 100),
    "startup": ({}, 42, 1),
    "stream": ({"elements": 100}, indices(100) + 100, 100),
    "timeout": ({"operations_": 100}, indices(100), 100),
    "timer_lateness": ({"sleeps": 20, "longest_ms": 5}, 20, 20),
    "timers": ({"timers": 100}, None, 100),
    "wake": ({"wakes": 10, "pause_us": 10}, 10, 10),
    "yield": ({"tasks": 10, "yields": 10}, 100, 100),
}


def answer_of(name, params, answer):
    """Of timers, what is answered depends on the phase."""
    if name == "timers":
        return indices(params["timers"]) if params["phase"] == "fire" else params["timers"]
    return answer


def in_every_choice(name):
    """All combinations of the words that its parameters can have, but for those given."""
    params, answer, operations = SMOKE[name]
    fields = {field.name: field for field in dataclasses.fields(SCENARIOS[name])}
    choices = {
        each: parameters.words_of(field)
        for each, field in fields.items()
        if parameters.words_of(field) and each not in params
    }
    for words in itertools.product(*choices.values()):
        chosen = params | dict(zip(choices, words))
        yield SCENARIOS[name](**chosen), answer_of(name, chosen, answer), operations


# A scenario that waits for what has been lost would wait for ever.
LONGEST_SECONDS = 30


def cancel_all(loop):
    for task in asyncio.all_tasks(loop):
        task.cancel()


class Scenarios(unittest.TestCase):
    def run_on(self, variant, scenario, latency=None):
        loop = loops.LOOPS[variant]()
        loop.call_later(LONGEST_SECONDS, cancel_all, loop)
        try:
            return scenario.run_on(loop, latency or Recorder())
        except asyncio.CancelledError:
            raise AssertionError(f"took longer than {LONGEST_SECONDS} s") from None
        finally:
            loops.close(loop)

    def test_each_answers_what_its_oracle_says(self):
        self.assertEqual(SMOKE.keys(), SCENARIOS.keys())
        for variant, name in itertools.product(loops.LOOPS, SCENARIOS):
            for scenario, answer, operations in in_every_choice(name):
                with self.subTest(variant=variant, scenario=scenario):
                    try:
                        scenario.check()
                        first = self.run_on(variant, scenario)
                    except Unsupported as why:
                        self.assertIn("asyncio", str(why))
                        continue
                    self.assertEqual(scenario.operations(), operations)
                    self.assertEqual(first, answer)
                    self.assertEqual(self.run_on(variant, scenario), answer)

    def test_every_message_size_arrives(self):
        for size, capacity in itertools.product((8, 512, 32_768), (1, 1_000_000)):
            scenario = SCENARIOS["channel"](payload_bytes=size, capacity=capacity, messages=50)
            with self.subTest(scenario):
                self.assertEqual(self.run_on("asyncio", scenario), indices(50))

    def test_latencies_are_recorded(self):
        for name in (
            "blocking",
            "channel_backpressure",
            "channel_latency",
            "connect_churn",
            "echo",
            "fairness",
            "file_read",
            "proxy",
            "timer_lateness",
            "wake",
        ):
            params, _, operations = SMOKE[name]
            latency = Recorder()
            self.run_on("asyncio", SCENARIOS[name](**params), latency)
            with self.subTest(name):
                self.assertEqual(sum(count for _, count in latency.buckets()), operations)

    def test_nobody_wakes_early(self):
        async def how_early(ns):
            due = time.perf_counter_ns() + ns
            await sleep_until(due)
            return due - time.perf_counter_ns()

        for variant in loops.LOOPS:
            loop = loops.LOOPS[variant]()
            for ns in range(100_000, 4_000_000, 300_000):
                with self.subTest(variant=variant, ns=ns):
                    self.assertLessEqual(loop.run_until_complete(how_early(ns)), 0)
            loops.close(loop)

    def test_only_a_part_is_timed_where_that_is_the_question(self):
        for name in "echo", "file_read", "shutdown", "timers":
            for scenario, _, _ in in_every_choice(name):
                latency = Recorder()
                begin = time.perf_counter_ns()
                self.run_on("asyncio", scenario, latency)
                with self.subTest(scenario):
                    self.assertTrue(scenario.times_a_part)
                    self.assertGreater(latency.clock.ns, 0)
                    self.assertLess(latency.clock.ns, time.perf_counter_ns() - begin)

    def test_a_stride_comes_by_every_timer(self):
        for count in 1, 2, 3, 100, 101, 9_240:
            stride = stride_over(count)
            with self.subTest(count):
                self.assertEqual(len({i * stride % count for i in range(count)}), count)
        self.assertGreater(stride_over(10_000), 1)

    def test_a_copy_is_no_share(self):
        for by, copies in ("copy", 3), ("share", 1):
            queues = [asyncio.Queue() for _ in range(3)]
            scenario = SCENARIOS["bytes"](receivers=3, messages=1, by=by)
            asyncio.run(scenario._send(queues))
            messages = [queue.get_nowait() for queue in queues]
            with self.subTest(by):
                self.assertEqual(len({id(each) for each in messages}), copies)
                self.assertEqual(len({bytes(each) for each in messages}), 1)

    def test_a_loop_has_one_thread(self):
        with self.assertRaisesRegex(Unsupported, "one thread"):
            SCENARIOS["scaling"](threads=2).check()

    def test_every_work_is_that_of_its_scenario(self):
        for work, answer, operations in (
            ("skynet", indices(100_000), 111_111),
            ("fib", 2_584, 8_361),
        ):
            scenario = SCENARIOS["scaling"](work=work)
            with self.subTest(work):
                self.assertEqual(scenario.operations(), operations)
                self.assertEqual(self.run_on("asyncio", scenario), answer)

    def test_every_letter_is_received_or_left(self):
        latency = Recorder()
        scenario = SCENARIOS["cancel_storm"](tasks=500, messages=300)
        if not hasattr(asyncio, "timeout"):
            self.skipTest("asyncio.timeout exists since Python 3.11")
        self.assertEqual(self.run_on("asyncio", scenario, latency), indices(300))
        self.assertEqual(latency.counts["received"] + latency.counts["timed_out"], 500)

    def test_what_finds_no_room_is_dropped_or_spilled(self):
        for policy in "drop", "spill":
            scenario = SCENARIOS["channel_backpressure"](
                policy=policy, capacity=1, messages=100, steps=10
            )
            latency = Recorder()
            with self.subTest(policy):
                self.assertEqual(self.run_on("asyncio", scenario, latency), indices(100))
                self.assertEqual(latency.counts["dropped"] > 0, policy == "drop")
                # One is in the queue, and one more may just have asked.
                self.assertEqual(latency.counts["most_waiting"] > 2, policy == "spill")

    def test_parameters_that_make_no_sense_are_refused(self):
        for name, params in {
            "accept": {"at_once": 0},
            "blocking": {"ticks": 0},
            "bytes": {"size": 1 << 30},
            "cancel_read": {"chunk_bytes": 0},
            "cancel_storm": {"messages": 0},
            "chained_spawn": {"depth": 0},
            "channel": {"payload_bytes": 9},
            "channel_backpressure": {"capacity": 0},
            "channel_latency": {"consumers": 0},
            "channel_ring": {"tasks": 2, "tokens": 3},
            "connect_churn": {"churns": 0},
            "echo": {"message_bytes": 0},
            "fairness": {"ticks": 0},
            "fan_out": {"children": 64, "depth": 4},
            "fib": {"n": 41},
            "file_read": {"block_bytes": 12},
            "frame_size": {"held": 7},
            "join": {"width": 0},
            "join_cpu": {"width": 0},
            "nqueens": {"n": 15},
            "ping_pong": {"pairs": 0},
            "proxy": {"connections": 0},
            "scaling": {"threads": 0},
            "select": {"streams": 1},
            "shutdown": {"tasks": 0},
            "skynet": {"leaves": 7},
            "sleep_many": {"tasks": 0},
            "spawn": {"tasks": 0},
            "spawn_blocking": {"batch": 0},
            "spawn_many": {"tasks": 0},
            "stream": {"capacity": 0},
            "timeout": {"operations_": 0},
            "timer_lateness": {"longest_ms": 0},
            "timers": {"timers": 0},
            "wake": {"wakes": 0},
        }.items():
            with self.subTest(name), self.assertRaises(ValueError):
                SCENARIOS[name](**params).check()

    def test_more_connections_than_descriptors_are_refused(self):
        limit = process.descriptor_limit()
        for name, params in {
            "accept": {"at_once": limit},
            "connect_churn": {"clients": limit},
            "echo": {"connections": limit},
            "memory": {"kind": "connection", "tasks": limit},
            "proxy": {"connections": limit},
        }.items():
            with self.subTest(name), self.assertRaisesRegex(Unsupported, "descriptors"):
                SCENARIOS[name](**params).check()

    def test_a_lost_message_is_noticed(self):
        with self.assertRaisesRegex(RuntimeError, "3 messages were sent, but 0 received"):
            sum_of_all([Tally()], 3)


if __name__ == "__main__":
    unittest.main()
