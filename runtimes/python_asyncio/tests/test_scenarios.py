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


# The sizes that tests use, and what Regatta's oracle says to them: the answer, and the operations.
SMOKE = {
    "chained_spawn": ({"depth": 20}, 20, 20),
    "channel": ({"producers": 2, "consumers": 2, "messages": 200}, indices(200), 200),
    "channel_backpressure": ({"capacity": 4, "messages": 100, "steps": 100}, indices(100), 100),
    "channel_latency": ({"producers": 2, "consumers": 2, "messages": 100}, indices(100), 100),
    "channel_ring": ({"tasks": 5, "rounds": 5, "tokens": 2}, 50, 50),
    "join": ({"width": 3, "delay_us": 200}, 3, 3),
    "join_cpu": ({"width": 3, "steps": 100}, computed(3, 100), 3),
    "ping_pong": ({"pairs": 20}, indices(20) + 20, 20),
    "proxy": ({"connections": 3, "message_bytes": 100, "round_trips": 5}, 1_500, 15),
    "skynet": ({"leaves": 1_000}, indices(1_000), 1_111),
    "spawn": ({"tasks": 100}, indices(100), 100),
    "yield": ({"tasks": 10, "yields": 10}, 100, 100),
}


def in_every_choice(name):
    """All combinations of the words that the scenario's parameters can have."""
    params, answer, operations = SMOKE[name]
    choices = {
        parameters.name_of(field): parameters.words_of(field)
        for field in dataclasses.fields(SCENARIOS[name])
        if parameters.words_of(field)
    }
    for words in itertools.product(*choices.values()):
        chosen = params | dict(zip(choices, words))
        yield parameters.read(SCENARIOS[name], chosen), answer, operations


class Scenarios(unittest.TestCase):
    def run_on(self, variant, scenario, latency=None):
        loop = loops.LOOPS[variant]()
        try:
            return loop.run_until_complete(scenario.run(latency or Recorder()))
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
