"""10,000 connections that connect, send, pause, half-close and reset as a seed will have it.

Both ends of each have a plan of their own, drawn apart, and neither knows the other's. The judge
(crowd.py) then holds what each has seen against what the other has done.
"""

from __future__ import annotations

import random

import pytest

SEQUENCES = 10_000
AT_ONCE = 100


def draw_plan(chance: random.Random) -> list[tuple]:
    """Steps of one end. Most connections are short, as most are in the world; some are large."""
    if chance.random() < 0.02:
        return [("finish",)]
    if chance.random() < 0.03:
        return [("reset",)]
    plan: list[tuple] = []
    sent = 0
    for _ in range(chance.choice([1, 1, 1, 2, 2, 3, 5])):
        size = chance.choice([9, 64, 1_000, 16_384, 16_385, 20_000, 70_000])
        if chance.random() < 0.01:
            size = 400_000
        plan.append(("dribble", 20) if chance.random() < 0.05 else ("send", size))
        sent += plan[-1][1]
        kind = chance.random()
        if kind < 0.08:
            plan.append(("pause", chance.uniform(0, 0.004)))
        elif kind < 0.12:
            plan.append(("deaf", chance.uniform(0, 0.01)))
        elif kind < 0.25:
            # With a limit, because the other end may wait for us.
            plan.append(("hear", chance.choice([1, 8, 60]), 0.02))
    ending = chance.random()
    if ending < 0.15:
        return [*plan, ("reset",)]
    if ending < 0.20:
        return [*plan, ("finish",), ("pause", chance.uniform(0, 0.005)), ("reset",)]
    return [*plan, ("finish",)]


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    given = pytestconfig.getoption("--seed")
    chosen = random.SystemRandom().randrange(1 << 32) if given is None else given
    print(f"seed {chosen}: again with --seed {chosen}")
    return chosen


def run_sequences(start, make_crowd, seed: int, sequences: int, *flags: str) -> None:
    crowd = make_crowd(lambda number: draw_plan(random.Random(f"{seed} server {number}")))
    proxy = start(crowd.open_door(), *flags)
    address = proxy.address

    def connect() -> None:
        number = len(crowd.clients)
        if number < sequences:
            crowd.connect(address, draw_plan(random.Random(f"{seed} client {number}")))

    crowd.on_over = lambda end: connect() if end.side == b"c" else None
    for _ in range(min(AT_ONCE, sequences)):
        connect()
    crowd.run(lambda: len(crowd.clients) == sequences and crowd.are_over(), 300)
    verdict = crowd.judge()
    # All that can happen has happened; else the draw is no good.
    assert verdict.orderly > sequences / 4
    assert verdict.broken > sequences / 20
    proxy.settle_with(verdict)


def test_10_000_random_sequences_lose_nothing_and_mistake_nothing(start, make_crowd, seed):
    run_sequences(start, make_crowd, seed, SEQUENCES)


@pytest.mark.essential
@pytest.mark.parametrize("splice_from", ["0", "8192", "never"])
def test_random_sequences_at_every_threshold_of_splicing(start, make_crowd, seed, splice_from):
    run_sequences(start, make_crowd, seed, 1_000, "--splice-from", splice_from)


def test_random_sequences_through_the_smallest_of_buffers(start, make_crowd, seed):
    run_sequences(start, make_crowd, seed, 1_000, "--buffer", "512", "--splice-from", "never")
