"""Numbers as people read them: three significant digits and a unit that fits."""

from __future__ import annotations

import math


def significant(value: float, digits: int = 3) -> str:
    """`value` to `digits` significant digits, without exponents and without a false last digit."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - magnitude)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:,.{decimals}f}"


def _scaled(value: float, units: list[tuple[float, str]], space: str = " ") -> str:
    for step, unit in units:
        # 999.7 k reads better as 1.00 M: decide after rounding.
        if abs(value) >= step * 0.9995:
            return f"{significant(value / step)}{space}{unit}".strip()
    step, unit = units[-1]
    return f"{significant(value / step)}{space}{unit}".strip()


def rate(per_second: float) -> str:
    """Operations per second: `4.51 M/s`."""
    return _scaled(per_second, [(1e9, "G/s"), (1e6, "M/s"), (1e3, "k/s"), (1, "/s")])


def tick_rate(per_second: float) -> str:
    """A rate on an axis, without its unit: the axis says it."""
    if per_second == 0:
        return "0"
    for step, unit in [(1e9, " G"), (1e6, " M"), (1e3, " k"), (1, "")]:
        if per_second >= step * 0.9995:
            return f"{per_second / step:.4g}{unit}"
    return f"{per_second:.3g}"


def duration(ns: float) -> str:
    """Nanoseconds as `812 ns`, `4.51 µs`, `1.20 ms`, `3.00 s`."""
    return _scaled(ns, [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")])


def duration_range(low: float, high: float) -> str:
    """`48.7 – 49.7 ns`: the unit once, if both have the same."""
    first, second = duration(low), duration(high)
    if first.split(" ")[-1] == second.split(" ")[-1]:
        first = first.rsplit(" ", 1)[0]
    return f"{first} – {second}"


def tick_duration(ns: float) -> str:
    for step, unit in [(1e9, "s"), (1e6, "ms"), (1e3, "µs")]:
        if ns >= step * 0.9995:
            return f"{ns / step:.4g} {unit}"
    return f"{ns:.4g} ns"


def size(count: float) -> str:
    """Bytes as `12.3 MiB`."""
    return _scaled(count, [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")])


def size_range(low: float, high: float) -> str:
    """`48.7 – 49.7 KiB`: the unit once, if both have the same."""
    first, second = size(low), size(high)
    if first.split(" ")[-1] == second.split(" ")[-1]:
        first = first.rsplit(" ", 1)[0]
    return f"{first} – {second}"


def tick_size(count: float) -> str:
    for step, unit in [(2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")]:
        if count >= step * 0.9995:
            return f"{count / step:.4g} {unit}"
    return f"{count:.4g} B"


def tick_count(count: float) -> str:
    """A number of things on an axis: `1`, `1 k`, `1 M`."""
    for step, unit in [(1e9, " G"), (1e6, " M"), (1e3, " k")]:
        if count >= step * 0.9995:
            return f"{count / step:.4g}{unit}"
    return f"{count:.4g}"


def share(value: float) -> str:
    """A coefficient of a fit: two digits, and what is next to nothing says so."""
    if value == 0:
        return "0"
    return "<0.0001" if 0 < value < 1e-4 else significant(value, 2)


def ratio(value: float) -> str:
    """A ratio to the best: two decimals while that says something."""
    if value < 9.995:
        return f"{value:.2f}"
    if value < 99.95:
        return f"{value:.1f}"
    return (
        f"{value:,.0f}"
        if value < 99_999.5
        else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    )


def percent(share: float) -> str:
    """A share as `2.1 %`."""
    value = share * 100
    return f"{value:.1f} %" if value < 9.95 else f"{value:.0f} %"


def signed_percent(share: float) -> str:
    """A share as `+12 %` or `−0.4 %`."""
    value = share * 100
    digits = 1 if abs(value) < 9.95 else 0
    return f"{value:+.{digits}f} %".replace("-", "−")


def plain(value: float) -> str:
    """A count per operation: small ones keep digits, zero stays zero."""
    if value == 0:
        return "0"
    if abs(value) < 0.001:
        return "<0.001" if value > 0 else ">-0.001"
    return significant(value)
