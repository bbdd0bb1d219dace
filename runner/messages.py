"""Refusals: pydantic's findings, and our own, as one sentence that names key, value and remedy."""

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from math import inf
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from runner.errors import RunnerError
from runner.experiment.document import TABLES, CsvTask, Document, Every, Points
from runner.experiment.spec import SLUG, Skip, Task

_NOTHING: Any = object()
_OFFERED, _LISTED = 1000, 40  # words that a misspelt one is held against, and that are listed


class Refusal(RunnerError):  # noqa: N818 - read prefixes it before a user meets it
    """What is wrong with one key; `runner.experiment.reading.read` puts the file's name before it."""

    def __init__(self, key: str, why: str, value: Any = _NOTHING) -> None:
        self.key = key
        key = key if len(key) <= 100 else key[:99] + "…"
        super().__init__(f"{key}{'' if value is _NOTHING else f' = {shown(value)}'}: {why}" if key else why)


def shown(value: Any) -> str:
    """Return `value` as a file would write it, cut to a line."""
    if isinstance(value, Mapping):
        text = "{ " + ", ".join(f"{bare(key)} = {shown(item)}" for key, item in list(value.items())[:9]) + " }"
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(shown(item) for item in value[:20]) + (", …" if len(value) > 20 else "") + "]"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 80 else text[:79] + "…"


def bare(key: str) -> str:
    """Return a key as a file would write it, in quotes where it needs them."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a clause that offers the nearest of `words`, or lists them when none is near."""
    known = list(islice(words, _OFFERED))
    if not known:
        return "there is none at all"
    folded = {known_word.lower(): known_word for known_word in known}
    close = get_close_matches(word.lower(), folded, n=1)
    if close:
        return f"did you mean {_in_a_line(folded[close[0]])}?"
    if len(known) == 1:
        return f"it may be {_in_a_line(known[0])}"
    return f"it may be one of {', '.join(map(_in_a_line, known[:_LISTED]))}" + (", …" if len(known) > _LISTED else "")


def _in_a_line(word: str) -> str:
    """A word as it is, unless it comes from a file and is none that a line can hold."""
    return word if word.isprintable() and len(word) <= 80 else shown(word)


def checked(kind: type[BaseModel] | TypeAdapter[Any], value: Any, key: str = "") -> Any:
    """Return `value` as `kind`; raise a `Refusal` of the first bad key, in file order, written below `key`."""
    try:
        return kind.model_validate(value) if isinstance(kind, type) else kind.validate_python(value)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False), kind, value, key) from None


def _refusal(errors: list[ErrorDetails], kind: Any, value: Any, key: str) -> Refusal:
    places: dict[int, dict[Any, int]] = {}
    located = [(*_located(error, value, places), error) for error in errors]
    first = min(position for position, _, _ in located)
    alike = [(path, error) for position, path, error in located if position == first]
    path, error = alike[0]
    word = str(next((part for part in reversed(path) if isinstance(part, str)), key.rpartition(".")[2]))
    shape = _written(key, path)
    if error["type"] == "missing":
        return Refusal(shape, "is missing")
    if error["type"] == "extra_forbidden":
        return Refusal(shape, _unknown(path, error["input"], kind), error["input"])
    if len(alike) > 1 and word in _EITHER:
        return Refusal(shape, _EITHER[word], error["input"])
    if error["type"] == "value_error":
        return Refusal(shape, str(error["ctx"]["error"]))
    return Refusal(shape, _reason(error), error["input"])


def _located(
    error: ErrorDetails, value: Any, places: dict[int, dict[Any, int]]
) -> tuple[tuple[float, ...], tuple[str | int, ...]]:
    """Return where in the file an error stands, and its path; pydantic's own names for branches fall away.

    Deeper comes first: of a union, the branch that got furthest is the one meant. `places` keeps, for each table by its
    id, where its keys stand: a file may have as many errors as keys.
    """
    position: list[float] = []
    path: list[str | int] = []
    for part in error["loc"]:
        if isinstance(value, dict) and part in value:
            if id(value) not in places:
                places[id(value)] = {key: place for place, key in enumerate(value)}
            position.append(places[id(value)][part])
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int):
            position.append(part)
            value = value[part]
        else:
            continue
        path.append(part)
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    return (*position, inf), tuple(path)


def _written(key: str, path: tuple[str | int, ...]) -> str:
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{bare(part)}" if key else bare(part)
    return key


def _unknown(path: tuple[str | int, ...], value: Any, kind: Any) -> str:
    word, parents = str(path[-1]), [part for part in path[:-1] if isinstance(part, str)]
    if kind is Points:
        return "a range takes start, stop, num and spacing, and includes both ends"
    if kind is not Document:
        return f"there is no such key; {nearest(word, kind.model_fields)}"
    home = next((table for table, model in TABLES.items() if word in model.model_fields), None)
    if word in {"seed", "seeds"}:
        return "it belongs in [sweep], as seeds"
    if home and [home] != parents and parents[:1] != ["task"]:
        return f"it belongs in [{home}]"
    nested: dict[str, Any] = {"task": Task, "order": Skip, "curve": Every, **TABLES}
    model = nested[parents[-1]] if parents else Document
    fields = [*model.model_fields, *(CsvTask.model_fields if model is Task else ())]
    return f"there is no such {'table' if isinstance(value, dict) and not parents else 'key'}; {nearest(word, fields)}"


_EITHER = {
    "scale": 'must be a number or "1/sqrt(fan_in)"',
    "order": 'must be "W1", "W1.T", "b1", "W2", "W2.T", "b2" or { skip = n }',
    "curve": "must be a list of epochs or { every = n }",
}
_SLUG = "must be lower-case letters, digits, - and _, at most 100, the first a letter or a digit"
_KINDS = {
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "string_unicode": "must be text that can be written as UTF-8",
    "tuple_type": "must be a list",
    "model_type": "must be a table",
    "finite_number": "must be finite, at most 1e30 in magnitude",
    "too_short": "must not be empty",
}
_BOUNDS = {
    "greater_than_equal": "at least",
    "greater_than": "more than",
    "less_than_equal": "at most",
    "less_than": "below",
}


def _reason(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _BOUNDS:
        bound = next(iter(context.values()))
        return f"must be {_BOUNDS[kind]} {bound:,}" if isinstance(bound, int) else f"must be {_BOUNDS[kind]} {bound:g}"
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", context["expected"])
        hint = f"; {nearest(error['input'], words)}" if isinstance(error["input"], str) and len(words) > 2 else ""
        return f"must be {' or '.join(json.dumps(word) for word in words)}{hint}"
    if kind == "string_pattern_mismatch":
        return _SLUG if context["pattern"] == SLUG else "must be 1 to 100 printable characters"
    return _KINDS.get(kind, "cannot be used here")
