"""What a reader must know of the machine, out of whatever its record holds.

machine.json grows with the harness and differs between kernels: what is not there is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .format import percent
from .model import Run, clean


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


def headline(run: Run) -> str:
    """One line: processor, cores, kernel, virtual or not, and how quiet it was."""
    known = {name: text for name, text in flatten(run.machine) if text not in ("", "unknown")}
    cpu = re.sub(
        r"\(R\)|\(TM\)|\bCPU\b|\bProcessor\b", "", known.get("cpu.model", "processor unknown")
    )
    parts = [" ".join(cpu.split())]
    if "cpu.logical" in known:
        parts.append(f"{known['cpu.logical']} CPU" + ("" if known["cpu.logical"] == "1" else "s"))
    if "kernel.release" in known:
        parts.append(f"Linux {known['kernel.release']}")
    if "hypervisor.name" in known:
        parts.append(f"virtual machine ({known['hypervisor.name']})")
    elif known.get("hypervisor.present") == "yes":
        parts.append("virtual machine")
    if known.get("hypervisor.container", "no") != "no":
        parts.append("container")
    if run.label:
        parts.append(f"{run.label} machine")
    if merged := merged_part(run):
        parts.append(merged)
    return " · ".join(parts)


def merged_part(run: Run) -> str:
    """Of which shards a merged run is made, and whether machines of different kinds ran them."""
    merged = run.machine.get("merged")
    if not isinstance(merged, dict):
        return ""
    shards = merged.get("shards")
    there = len(shards) if isinstance(shards, list) else 0
    of = merged.get("of", there)
    text = f"merged from {there} shards" if there == of else f"merged from {there} of {of} shards"
    if merged.get("different_machines"):
        text += ", run on machines of different kinds: compare within a cell only"
    return text


def noise_reasons(run: Run) -> list[str]:
    """What the label of the machine rests on, in the harness's own sentences."""
    noise = run.machine.get("noise")
    reasons = noise.get("reasons") if isinstance(noise, dict) else None
    return [clean(reason) for reason in reasons] if isinstance(reasons, list) else []


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
