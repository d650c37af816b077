"""A scenario's parameters are the fields of its dataclass: whole numbers, choices, or either."""

import dataclasses
from typing import Any

from regatta_asyncio.protocol import LARGEST_WHOLE

Value = int | str


def choice(*words: str) -> Any:
    """A field that is one of some words, the first by default."""
    return dataclasses.field(default=words[0], metadata={"words": words, "is_number": False})


def number_or(word: str, default: int) -> Any:
    """A field that is a whole number, or the one word that stands for none."""
    return dataclasses.field(default=default, metadata={"words": (word,), "is_number": True})


def name_of(field: dataclasses.Field) -> str:
    """The parameter's name: a field whose name would be a keyword has an underscore more."""
    return field.name.removesuffix("_")


def words_of(field: dataclasses.Field) -> tuple[str, ...]:
    """The words that can stand there; none for a plain number."""
    return field.metadata.get("words", ())


def read(scenario_type: type, params: dict[str, Value]) -> Any:
    """The scenario with these parameters, or ValueError with a sentence."""
    fields = {name_of(field): field for field in dataclasses.fields(scenario_type)}
    for name in params:
        if name not in fields:
            raise ValueError(f"there is no parameter '{name}'; there are: {', '.join(fields)}")
    parsed = {fields[name].name: _parse(fields[name], value) for name, value in params.items()}
    return scenario_type(**parsed)


def defaults(scenario_type: type) -> dict[str, Value]:
    """Every parameter with its default, in the scenario's order."""
    scenario = scenario_type()
    return {name_of(field): getattr(scenario, field.name) for field in dataclasses.fields(scenario)}


def _parse(field: dataclasses.Field, value: Value) -> Value:
    name = name_of(field)
    text = str(value)
    words = words_of(field)
    if text in words:
        return text
    if not field.metadata.get("is_number", True):
        raise ValueError(f"{name} must be one of {' '.join(words)}, but it is '{text}'")
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_WHOLE:
        return int(text)
    wanted = " or the word ".join(["a whole number", *words])
    raise ValueError(f"{name} must be {wanted}, but it is '{text}'")
