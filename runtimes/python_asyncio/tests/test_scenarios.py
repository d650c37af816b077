import dataclasses
import itertools
import unittest

from regatta_asyncio import loops, parameters, process
from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios import SCENARIOS, Unsupported
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


class Scenarios(unittest.TestCase):
    def run_on(self, variant, scenario, latency=None):
        loop = loops.LOOPS[variant]()
        try:
            return scenario.run_on(loop, latency or Recorder())
        finally:
            loops.close(loop)

    def test_each_answers_what_its_oracle_says(self):
        self.assertEqual(SMOKE.keys(), SCENARIOS.keys())
        for variant, name in itertools.product(loops.LOOPS, SCENARIOS):
            for scenario, answer, operations in in_every_choice(name):
                with self.subTest(variant=variant, scenario=scenario):
                    try:
                        scenario.check()
                    except Unsupported as why:
                        self.assertIn("asyncio", str(why))
                        continue
                    self.assertEqual(scenario.operations(), operations)
                    self.assertEqual(self.run_on(variant, scenario), answer)
                    self.assertEqual(self.run_on(variant, scenario), answer)

    def test_every_message_size_arrives(self):
        for size, capacity in itertools.product((8, 512, 32_768), (1, 1_000_000)):
            scenario = SCENARIOS["channel"](payload_bytes=size, capacity=capacity, messages=50)
            with self.subTest(scenario):
                self.assertEqual(self.run_on("asyncio", scenario), indices(50))

    def test_latencies_are_recorded(self):
        for name in "channel_backpressure", "channel_latency", "proxy":
            params, _, operations = SMOKE[name]
            latency = Recorder()
            self.run_on("asyncio", SCENARIOS[name](**params), latency)
            with self.subTest(name):
                self.assertEqual(sum(count for _, count in latency.buckets()), operations)

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
            "chained_spawn": {"depth": 0},
            "channel": {"payload_bytes": 9},
            "channel_backpressure": {"capacity": 0},
            "channel_latency": {"consumers": 0},
            "channel_ring": {"tasks": 2, "tokens": 3},
            "join": {"width": 0},
            "join_cpu": {"width": 0},
            "ping_pong": {"pairs": 0},
            "proxy": {"connections": 0},
            "skynet": {"leaves": 7},
            "spawn": {"tasks": 0},
        }.items():
            with self.subTest(name), self.assertRaises(ValueError):
                SCENARIOS[name](**params).check()

    def test_more_connections_than_descriptors_are_refused(self):
        scenario = SCENARIOS["proxy"](connections=process.descriptor_limit())
        with self.assertRaisesRegex(Unsupported, "descriptors"):
            scenario.check()

    def test_a_lost_message_is_noticed(self):
        with self.assertRaisesRegex(RuntimeError, "3 messages were sent, but 0 received"):
            sum_of_all([Tally()], 3)


if __name__ == "__main__":
    unittest.main()
