"""What a reader must know of the machine, out of whatever its record holds.

machine.json grows with the harness and differs between kernels, so this looks for what it wants by
name at any depth instead of fixing a shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .format import percent
from .load import Run, clean


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of a JSON value as (dotted name, text); short lists stand on one line."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{prefix}.{clean(key)}" if prefix else clean(key))
    elif isinstance(value, list):
        if all(not isinstance(item, (dict, list)) for item in value):
            yield prefix, ", ".join(_leaf(item) for item in value) or "none"
        else:
            for number, item in enumerate(value):
                yield from flatten(item, f"{prefix}.{number}")
    else:
        yield prefix, _leaf(value)


def _leaf(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(value)


def find(machine: dict[str, Any], *patterns: str) -> str | None:
    """The first leaf whose dotted name matches one of `patterns`, tried in order."""
    leaves = [(name, text) for name, text in flatten(machine) if text not in ("", "unknown")]
    for pattern in patterns:
        for name, text in leaves:
            if re.fullmatch(pattern, name):
                return text
    return None


def headline(run: Run) -> str:
    """One line: processor, cores, kernel, virtual or not, and how quiet it was."""
    machine = run.machine
    cpu = find(
        machine,
        r"cpu\.model(_name)?",
        r"cpu_model(_name)?",
        r"cpu",
        r".*\bmodel_name",
        r".*\bcpu_model",
    )
    cores = find(
        machine,
        r"cpu\.(logical_cpus|logical|online|cores|count)",
        r"(logical_)?(cpus|cores)(_online)?",
        r".*\bcores",
    )
    kernel = find(
        machine,
        r"kernel\.(release|version)",
        r"kernel(_release)?",
        r"os\.kernel",
        r".*\bkernel\b.*release",
    )
    hypervisor = find(machine, r"(.*\.)?hypervisor(\.(name|vendor))?", r"(.*\.)?virtuali[sz]ation")
    parts = [re.sub(r"\(R\)|\(TM\)|\bCPU\b|\bProcessor\b", "", cpu) if cpu else "processor unknown"]
    parts[0] = " ".join(parts[0].split())
    if cores:
        parts.append(f"{cores} core" + ("" if cores == "1" else "s"))
    if kernel:
        parts.append(kernel if kernel.lower().startswith("linux") else f"Linux {kernel}")
    if hypervisor and hypervisor.lower() not in ("none", "no"):
        parts.append("virtual machine" if hypervisor == "yes" else f"under {hypervisor}")
    parts.append(f"{run.label} machine")
    return " · ".join(parts)


def noise_line(run: Run) -> str:
    """One line: what the A/A pair showed."""
    noise = run.noise
    if noise is None or noise.floor is None:
        return "Noise floor not measured"
    verdict = (
        "came out separated: distrust this run"
        if noise.separated
        else "not separated, as it should be"
    )
    return f"Noise floor {percent(noise.floor)} (A/A pair {verdict})"


def when_line(run: Run) -> str:
    """One line: which run, of which day, how large."""
    blocks = f"{run.blocks} block" + ("" if run.blocks == 1 else "s")
    if run.blocks_planned > run.blocks:
        blocks = f"{run.blocks} of {run.blocks_planned} blocks"
    return f"run {run.name} · {run.date} · {blocks} · seed {run.seed}"
