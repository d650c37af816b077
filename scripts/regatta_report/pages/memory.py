"""The page of peak memory: what the process of each row took at most, cell by cell."""

from __future__ import annotations

from typing import Any

from ..draw import Drawn
from ..model import Run
from .parts import Links, figure


def context(run: Run, drawn: list[Drawn], links: Links) -> dict[str, Any]:
    return {"charts": [figure(one, links) for one in drawn]}
