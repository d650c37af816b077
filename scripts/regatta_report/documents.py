"""What other commands left in a run's folder: comparison.json, claims.json and choice.json.

They are conclusions, as the summary is, but of commands that a user may not have called: what is
not there costs its page, and what cannot be read costs its page and is said.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .model import RunError, clean
from .values import read_json

NAMES = ("comparison", "claims", "choice")
_LISTS = {"comparison": "cells", "claims": "claims", "choice": "profiles"}


def read(folder: Path, warnings: list[str]) -> dict[str, dict[str, Any]]:
    """Those that are there, by name."""
    found = {}
    for name in NAMES:
        path = folder / f"{name}.json"
        if not path.exists():
            continue
        try:
            found[name] = _sound(name, read_json(path, ""))
        except RunError as error:
            warnings.append(f"No page of {path.name}: {error}")
    return found


def _sound(name: str, document: dict[str, Any]) -> dict[str, Any]:
    if document.get("schema") != 1 or document.get("what") != name:
        raise RunError(f"it should say schema 1 and what {name}")
    if not isinstance(document.get(_LISTS[name]), list):
        raise RunError(f"its '{_LISTS[name]}' should be a list")
    return document


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list; of anything else, none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """The texts of a list; of anything else, none."""
    return (
        [clean(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []
    )
