"""Axes: a [sweep] table into grids, with points computed in decimal."""

import re
from decimal import Context, Decimal, localcontext
from functools import cache
from itertools import accumulate, pairwise, repeat
from math import log10, prod
from operator import mul
from typing import Annotated, Any

from pydantic import FailFast, Field, TypeAdapter

from runner.experiment.document import TABLES, Document, Points, Seed, SeedRange
from runner.experiment.limits import AXES, GRIDS, POINTS, SEEDS, TRIALS
from runner.experiment.spec import SWEEPABLE, Axis, Grid, Real
from runner.experiment.weight_axes import parsed
from runner.messages import Refusal, bare, checked, nearest, shown

_TWELVE = Context(prec=12)
_WHOLE = {"hidden", "epochs"}
_REAL = {"low", "high", "mean", "std", "scale", "learning_rate", "momentum", "threshold"}
_SEEDS: TypeAdapter[list[int]] = TypeAdapter(Annotated[list[Seed], FailFast()])
_FORM = "must be a list, or { start, stop, num, spacing }"


def grids(sweep: Any) -> tuple[Grid, ...]:
    """Return the grids of [sweep], of every [[sweep]], or of neither: one trial, seed 0.

    Raises `Refusal`. Axis values are valid one by one; `experiment.checks` sees to those that depend on each other.
    """
    if sweep is None:
        return (Grid(),)
    _check_size(sweep if isinstance(sweep, list) else [sweep])
    if isinstance(sweep, list) and sweep:
        return tuple(_grid(table, f"sweep[{index}]") for index, table in enumerate(sweep))
    return (_grid(sweep, "sweep"),)


def _check_size(tables: list[Any]) -> None:
    """Refuse more than can be run, before any range is expanded."""
    if len(tables) > GRIDS:
        raise Refusal("sweep", f"has {len(tables):,} grids; at most {GRIDS:,} can be joined")
    trials = listed = 0
    for grid in (table for table in tables if isinstance(table, dict)):
        if len(grid) > AXES + 1:
            raise Refusal("sweep", f"has {len(grid):,} axes; at most {AXES} can stand in one grid")
        sizes = {key: _size(form) for key, form in grid.items()}
        trials += prod(sizes.values())
        # An axis that is too long by itself is refused by its name.
        listed += sum(size for key, size in sizes.items() if size <= POINTS and _is_expanded(key, grid[key]))
    if trials > TRIALS:
        counted = f"{trials:,}" if trials < 10**15 else f"more than 10^{int(log10(trials))}"
        raise Refusal("sweep", f"makes {counted} trials; at most {TRIALS:,} can be run at once")
    if listed > POINTS:
        raise Refusal("sweep", f"its axes hold {listed:,} values; at most {POINTS:,} can stand in one experiment")


def _is_expanded(key: str, form: Any) -> bool:
    """Whether each value takes memory: seeds that are counted do not."""
    return isinstance(form, list) or (isinstance(form, dict) and key != "seeds")


def _size(form: Any) -> int:
    """How many values an axis, or seeds, seem to ask for; what is no such form is refused later."""
    count = form.get("num", form.get("count")) if isinstance(form, dict) else form
    if isinstance(count, list):
        return max(1, len(count))
    return max(1, count) if isinstance(count, int) else 1


def points(form: Points) -> list[Decimal]:
    """Return the points of a range: its ends as written, those between rounded to 12 significant digits.

    Computed in decimal, so that every machine has the same points and 0.1 is 0.1. Raises `ValueError`.
    """
    start, stop = Decimal(repr(form.start)), Decimal(repr(form.stop))
    if form.num == 1 and start != stop:
        raise ValueError("one point cannot be both ends; write num = 2 or more")
    if form.spacing == "log" and min(start, stop) <= 0:
        raise ValueError("a log spacing needs start and stop above 0")
    found = [start, *_inner(start, stop, form.num - 1, form.spacing), stop][: form.num]
    if any(before >= after if start < stop else before <= after for before, after in pairwise(found)):
        raise ValueError("its points are closer than 12 significant digits can tell")
    return found


def _inner(start: Decimal, stop: Decimal, steps: int, spacing: str) -> list[Decimal]:
    with localcontext(Context(prec=50)):
        if spacing == "linear":
            return [_TWELVE.plus(start + (stop - start) * step / steps) for step in range(1, steps)]
        # One root and a running product: a power a point took 60 times as long, and 50 digits lose nothing to it.
        ratio = (stop / start) ** (Decimal(1) / max(steps, 1))
        powers = accumulate(repeat(ratio, max(steps - 1, 0)), mul)
        return [_TWELVE.plus(start * power) for power in powers]


def _grid(table: Any, key: str) -> Grid:
    if not isinstance(table, dict):
        raise Refusal(key, "must be a table of axes", table)
    if not table:
        raise Refusal(key, "is empty; give it seeds or an axis, or leave it out")
    axes = tuple(_axis(name, form, f"{key}.{bare(name)}") for name, form in table.items() if name != "seeds")
    return Grid(axes, _seeds(table["seeds"], f"{key}.seeds") if "seeds" in table else range(1))


def _seeds(form: Any, key: str) -> range | tuple[int, ...]:
    if isinstance(form, dict):
        span: SeedRange = checked(SeedRange, form, key)
        if span.first + span.count > SEEDS:
            raise Refusal(key, "goes beyond the last seed, 4294967295", form)
        return range(span.first, span.first + span.count)
    if isinstance(form, list):
        return tuple(_distinct(checked(_SEEDS, form, key), key))
    if isinstance(form, int) and not isinstance(form, bool) and 1 <= form <= SEEDS:
        return range(form)
    raise Refusal(key, "must be a number of seeds from 1 to 4294967296, a list, or { first, count }", form)


def _axis(key: str, form: Any, label: str) -> Axis:
    is_weight = parsed(key) is not None
    if key not in SWEEPABLE and not is_weight:
        raise Refusal(label, _unsweepable(key, form), form)
    values = form
    if isinstance(form, dict):
        if key not in _WHOLE | _REAL and not is_weight:
            raise Refusal(label, "must be a list of values", form)
        values = _range(key, checked(Points, form, label), label, form)
    elif not isinstance(form, list):
        raise Refusal(label, f"{_FORM}; one value is [{shown(form)}]", form)
    return Axis(key, SWEEPABLE.get(key, "init"), tuple(_distinct(checked(_values(key), values, label), label)))


def _range(key: str, form: Points, label: str, written: Any) -> list[Any]:
    if key in _WHOLE:
        for name, end in (("start", form.start), ("stop", form.stop)):
            checked(_value(key), int(end) if end.is_integer() else end, f"{label}.{name}")
        if form.num > abs(form.stop - form.start) + 1:
            raise Refusal(label, "gives numbers that are not whole; write the values as a list", written)
    try:
        numbers = points(form)
    except ValueError as error:
        raise Refusal(label, str(error), written) from None
    if key not in _WHOLE:
        return [float(number) for number in numbers]
    for number in numbers:
        if number != number.to_integral_value():
            raise Refusal(
                label, f"gives {number.normalize():f}, which is not whole; write the values as a list", written
            )
    return [int(number) for number in numbers]


@cache
def _values(key: str) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[list[_annotation(key)], FailFast()])  # type: ignore[arg-type, misc]


@cache
def _value(key: str) -> TypeAdapter[Any]:
    return TypeAdapter(_annotation(key))


def _annotation(key: str) -> Any:
    if key not in SWEEPABLE:
        return Real
    field = TABLES[SWEEPABLE[key]].model_fields[key]
    return Annotated[field.annotation, *field.metadata, Field()]


def _distinct(values: list[Any], label: str) -> list[Any]:
    if not values:
        raise Refusal(label, "is empty")
    if len(values) > POINTS:
        raise Refusal(label, f"has more than {POINTS:,} points")
    seen = set()
    for value in values:
        if value in seen:
            raise Refusal(label, f"holds {shown(value)} twice")
        seen.add(value)
    return values


def _unsweepable(key: str, form: Any) -> str:
    bare = key.rpartition(".")[2]
    if re.match(r"^[Wb][12]?\s*\[", key):
        return 'a single weight is written "W1[0,1]", "b1[0]", "W2[1,0]" or "b2[0]", counted from 0'
    if key in TABLES and isinstance(form, dict) and len(form) == 1:
        bare = next(iter(form))
    if bare in SWEEPABLE:
        return f"write the bare name, {bare}"
    if any(bare in model.model_fields for model in TABLES.values()) or bare in Document.model_fields:
        return f"{bare} cannot be an axis; write an experiment for each"
    return f"there is no such axis; {nearest(bare, [*SWEEPABLE, 'seeds'])}"
