"""Values out of JSON that others wrote: what is not a number or an interval is nothing, and what is
no JSON object is an error in one sentence.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from .model import Interval, RunError, clean


def as_parameter(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    return clean(value)


def as_number(value: object) -> float | None:
    """A finite number or None: NaN and infinity are no measurements."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def as_interval(value: object, signed: bool = False) -> Interval | None:
    """An interval of positive values, or None. A bare number is an interval of no width. A signed
    one may reach below zero.
    """
    if not isinstance(value, dict):
        value = {"median": value}
    middle = as_number(value.get("median"))
    if middle is None or (middle <= 0 and not signed):
        return None
    low, high = as_number(value.get("low")), as_number(value.get("high"))
    low = middle if low is None or (low <= 0 and not signed) else min(low, middle)
    high = middle if high is None else max(high, middle)
    return Interval(middle, low, high, as_number(value.get("confidence")))


# --------------------------------------------------------------------------------------------------
# Files


def read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(
            f"{path} is missing: {what}; make it with: regatta report {path.parent}"
        ) from None
    except IsADirectoryError:
        raise RunError(f"{path} is a folder, but should be a JSON file") from None
    except UnicodeDecodeError as error:
        raise RunError(f"{path} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}") from None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise RunError(f"{path}, line {error.lineno}, is not JSON: {error.msg}") from None
    except RecursionError:
        raise RunError(f"{path} is nested too deeply to be one of ours") from None
    if not isinstance(value, dict):
        raise RunError(f"{path} holds no JSON object")
    return value


def optional_json(path: Path) -> dict[str, Any]:
    return read_json(path, "") if path.exists() else {}


def as_list(value: object, where: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RunError(f"{where} should be a list of objects")
    return value


def is_positive(value: object) -> bool:
    number = as_number(value)
    return number is not None and number > 0
