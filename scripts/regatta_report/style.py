"""Colours, marks and fonts. Charts name roles; a theme gives a role its colour.

The eight contender colours keep a distance of at least 0.09 in OKLab from each other, to normal
eyes and under simulated protanopia, deuteranopia and tritanopia, and a contrast of 3:1 to the
paper; a test holds them to it. Colour is never alone: rows are labelled, and variants differ in
fill and dash.
"""

from __future__ import annotations

import hashlib

# Comes with matplotlib: the same glyphs, and so the same bytes, on every machine.
FONT = "DejaVu Sans"

# Within LIGHT no two roles share a colour: that is how a drawn chart is turned into another theme.
LIGHT = {
    "paper": "#fcfcfa",
    "ink": "#1b2027",
    "muted": "#5b6570",
    "axis": "#aab1b8",
    "grid": "#e4e6e6",
    "band": "#f1f2f0",
    "fault": "#b7bdc3",
    "row0": "#0191f9",
    "row1": "#7d1d08",
    "row2": "#18796b",
    "row3": "#722eac",
    "row4": "#96590a",
    "row5": "#124757",
    "row6": "#d158ba",
    "row7": "#87901e",
    "heat_tie": "#cde2f6",
    "heat1": "#fcf1dd",
    "heat2": "#f9e0b8",
    "heat3": "#f5c98c",
    "heat4": "#eeab63",
    "heat5": "#e08a42",
    "heat6": "#b4581f",
    "heat7": "#a1481a",
    "heat8": "#7c310f",
    "heat_ink": "#1c2128",
    "heat_ink_deep": "#fffdf9",
}

DARK = {
    "paper": "#14181d",
    "ink": "#e8eaec",
    "muted": "#9ba5af",
    "axis": "#59636d",
    "grid": "#2a3038",
    "band": "#1b2027",
    "fault": "#475059",
    "row0": "#5b7df8",
    "row1": "#d04014",
    "row2": "#a2d5c2",
    "row3": "#93699a",
    "row4": "#f4c43d",
    "row5": "#3fb2e7",
    "row6": "#dd879c",
    "row7": "#a0a412",
    "heat_tie": "#1d4569",
    "heat1": "#2b2721",
    "heat2": "#3d3223",
    "heat3": "#534026",
    "heat4": "#6d4f2a",
    "heat5": "#8a602e",
    "heat6": "#b57c33",
    "heat7": "#d99a45",
    "heat8": "#f7bf6d",
    "heat_ink": "#e9ebed",
    "heat_ink_deep": "#1a1206",
}

THEMES = {"light": LIGHT, "dark": DARK}
ROW_COLOURS = 8

# Upper ends of the steps of the heat map; what lies above the last is step 8.
HEAT_STEPS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2.2), (1.6, 1.8), (7, 2, 1.6, 2), (3, 1.5, 1, 1.5))
TWIN_DASH = (1, 2.2)

# Where the hash of names to colours starts: picked so that those of the first contenders do not
# collide.
SALT = 236407


def slots(names: list[str]) -> dict[str, int]:
    """Gives each contender a colour that stays its own from run to run.

    The name decides, not the place in a list: a contender that joins or leaves repaints nobody,
    unless two want the same colour. Then the first by name keeps it while there are colours left.
    """
    chosen: dict[str, int] = {}
    for name in names:
        digest = hashlib.sha256(f"regatta {SALT} {name}".encode("utf-8", "replace")).digest()
        wishes = sorted(range(ROW_COLOURS), key=lambda slot: digest[slot])
        free = [slot for slot in wishes if slot not in chosen.values()]
        chosen[name] = (free or wishes)[0]
    return chosen


def heat_role(ratio: float) -> str:
    """The colour step of a ratio to the best."""
    for step, upper in enumerate(HEAT_STEPS, 1):
        if ratio <= upper:
            return f"heat{step}"
    return f"heat{len(HEAT_STEPS) + 1}"


def heat_ink(role: str) -> str:
    """The text colour that reads on a step."""
    return "heat_ink_deep" if role in ("heat6", "heat7", "heat8") else "heat_ink"
