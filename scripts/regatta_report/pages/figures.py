"""Numbers of the documents as text: a value with its unit, an interval with how much it covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import format, tables
from ..model import clean
from ..values import as_interval, as_number

_RATIOS = ("ratio", "x", "×", "times")
_SAYS: dict[str, Callable[[float], str]] = {
    "ns": format.duration,
    "bytes": format.size,
    "B": format.size,
    "share": format.percent,
    "/s": format.rate,
    "operations per second": format.rate,
}


def say(value: float, unit: str) -> str:
    """`value` as people read it; a unit that is not known stands behind it as it is."""
    if unit in _RATIOS:
        return f"{format.ratio(value)} ×"
    if unit in _SAYS:
        return _SAYS[unit](value)
    number = f"{value:,.0f}" if value == round(value) else format.plain(value)
    return f"{number} {unit}".strip()


def limits(low: float, high: float, unit: str) -> str:
    if unit == "ns":
        return format.duration_range(low, high)
    if unit in ("bytes", "B"):
        return format.size_range(low, high)
    return f"{say(low, unit).removesuffix(' ×').removesuffix(f' {unit}')} – {say(high, unit)}"


def number(value: object, unit: str) -> dict[str, Any] | None:
    """A field of a table of a bare number."""
    found = as_number(value)
    return None if found is None else tables.number(found, say(found, unit))


def interval(value: object, unit: str, strong: bool = False) -> dict[str, Any] | None:
    """A field of a table of an interval."""
    found = as_interval(value, signed=True)
    if found is None:
        return None
    between = "" if found.low == found.high else limits(found.low, found.high, unit)
    return tables.number(found.median, say(found.median, unit), strong, between)


def figure(value: object) -> dict[str, str] | None:
    """The figure of a claim: its value, and below it the interval, what it covers, from how many
    blocks.
    """
    if not isinstance(value, dict) or as_number(value.get("value")) is None:
        return None
    unit = clean(value.get("unit") or "")
    middle = float(value["value"])
    low, high = as_number(value.get("low")), as_number(value.get("high"))
    confidence = as_number(value.get("confidence"))
    parts = []
    # A fact, as what a law says, has no width and needs none.
    fact = low == high == middle
    if low is not None and high is not None and not fact:
        parts.append(limits(low, high, unit))
    if confidence and not fact:
        parts.append(f"{confidence * 100:.3g} % interval")
    if not fact and (blocks := as_number(value.get("blocks"))):
        parts.append(f"{blocks:g} block" + ("" if blocks == 1 else "s"))
    return {"text": say(middle, unit), "note": ", ".join(parts)}
