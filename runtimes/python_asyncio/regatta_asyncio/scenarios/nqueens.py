"""All ways to place n queens on a board: a task for each placement of the first rows."""

import asyncio
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from regatta_asyncio.latency import Recorder
from regatta_asyncio.scenarios.scenario import Scenario


class _Placement(NamedTuple):
    """The first rows of a board: what their queens attack in the next one, a bit a square."""

    rows: int = 0
    columns: int = 0
    left_diagonals: int = 0
    right_diagonals: int = 0

    def followers(self, n: int) -> Iterator["_Placement"]:
        """One for each square of the next row that nobody attacks."""
        attacked = self.columns | self.left_diagonals | self.right_diagonals
        safe = ~attacked & ((1 << n) - 1)
        while safe:
            square = safe & -safe
            safe ^= square
            yield _Placement(
                self.rows + 1,
                self.columns | square,
                (self.left_diagonals | square) << 1,
                (self.right_diagonals | square) >> 1,
            )


@dataclass
class NQueens(Scenario):
    n: int = 8

    def check(self) -> None:
        if not 1 <= self.n <= 14:
            raise ValueError("n must be between 1 and 14")

    def operations(self) -> int:
        return _placements(self.n)

    async def run(self, latency: Recorder) -> int:
        return await self._solutions_after(_Placement())

    async def _solutions_after(self, placement: _Placement) -> int:
        if placement.rows == self.n:
            return 1
        children = (self._solutions_after(each) for each in placement.followers(self.n))
        return sum(await asyncio.gather(*children))


@functools.cache
def _placements(n: int) -> int:
    def after(placement: _Placement) -> int:
        if placement.rows == n:
            return 1
        return 1 + sum(after(each) for each in placement.followers(n))

    return after(_Placement())
