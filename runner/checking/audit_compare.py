"""Rows of a table, and what is recorded beside them, held against the same trials as trained again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from runner.analysis.comparison_bits import ulps
from runner.checking.audit_cells import different, written
from runner.checking.audit_findings import Mismatch
from runner.checking.audit_rerun import Trained
from runner.experiment.spec import Experiment
from runner.planning.chunks import Shape
from runner.planning.product import Numbers
from runner.tables.cells import column
from runner.tables.columns import trial_kinds


@dataclass(frozen=True, eq=False)
class Sampled:
    """Rows of a table, by their trials; `curves` are their losses as text, `weights` in a row; None if not compared."""

    trials: Numbers
    rows: pa.Table
    curves: list[pa.Array] | None
    weights: list[NDArray[np.float64]] | None

    def alike(self, other: "Sampled") -> bool:
        """Whether curves and weights are compared in both or in neither."""
        return (self.curves is None, self.weights is None) == (other.curves is None, other.weights is None)


def compare(
    sampled: Sampled, trained: Trained, experiment: Experiment
) -> tuple[NDArray[np.bool_], int, Iterator[Mismatch]]:
    """Return which rows do not hold, how many cells of them, and these; of curves and weights the first cell counts."""
    kinds = trial_kinds(experiment)
    differing = {
        name: different(sampled.rows[name], trained.rows[name])
        for name in kinds
        if name != "trial"  # that is checked against its place
    }
    wrong = np.logical_or.reduce([*differing.values()])
    parting: dict[int, tuple[int, str, str]] = {}
    if sampled.curves is not None:
        parting = _parting(sampled.curves, trained, np.array(experiment.record.curve))
        wrong[[*parting]] = True
    weights: dict[int, int] = {}
    for place, theirs in enumerate(sampled.weights or ()):
        apart = theirs.view(np.int64) != np.ascontiguousarray(trained.weights[place]).view(np.int64)
        if apart.any():
            weights[place] = int(np.argmax(apart))
            wrong[place] = True

    def mismatches() -> Iterator[Mismatch]:
        for place in np.flatnonzero(wrong).tolist():
            epoch = parting[place][0] if place in parting else None
            for name, table, ours in cells(place):
                real = kinds.get(name, "real") == "real"
                far = _distance(table, ours, trained.shapes[place].precision) if real else (None, "")
                yield Mismatch(int(sampled.trials[place]), name, table, ours, *far, epoch)

    def cells(place: int) -> Iterator[tuple[str, str, str]]:
        for name, apart in differing.items():
            if apart[place]:
                yield name, _said(sampled.rows[name][place]), _said(trained.rows[name][place])
        if place in parting:
            yield "loss in curves.csv", *parting[place][1:]
        if place in weights and sampled.weights is not None:
            at = weights[place]
            name = f"{_weight(experiment, trained.shapes[place], at)} in its weights"
            yield name, repr(float(sampled.weights[place][at])), repr(float(trained.weights[place][at]))

    count = sum(int(apart.sum()) for apart in differing.values()) + len(parting) + len(weights)
    return wrong, count, mismatches()


def _parting(theirs: list[pa.Array], trained: Trained, epochs: Numbers) -> dict[int, tuple[int, str, str]]:
    """Of trials whose curves part: the first epoch where they do, and both losses there."""
    ran = epochs[None, :] <= trained.epochs_run[:, None]
    losses = written({"loss": column(trained.losses[ran], "real")}, text=True)["loss"].combine_chunks()
    others = pa.concat_arrays([pa.array([], pa.string()), *theirs])
    counts = np.array([len(curve) for curve in theirs], np.int64), ran.sum(axis=1)
    begins = [np.cumsum(count) - count for count in counts]
    common = np.minimum(*counts)
    inside = np.arange(common.sum()) - np.repeat(np.cumsum(common) - common, common)
    row = np.repeat(np.arange(len(common)), common)
    apart = different(others.take(pa.array(begins[0][row] + inside)), losses.take(pa.array(begins[1][row] + inside)))
    first = np.where(counts[0] == counts[1], len(epochs), common)
    np.minimum.at(first, row[apart], inside[apart])

    def cell(values: pa.Array, k: int, trial: int) -> str:
        return _said(values[int(begins[k][trial] + first[trial])]) if first[trial] < counts[k][trial] else ""

    return {
        trial: (int(epochs[first[trial]]), cell(others, 0, trial), cell(losses, 1, trial))
        for trial in np.flatnonzero(first < len(epochs)).tolist()
    }


def _distance(table: str, ours: str, precision: str) -> tuple[int | None, str]:
    try:
        pair = np.array([float(table), float(ours)])
    except ValueError:
        return None, ""
    if not np.isfinite(pair).all():
        return None, ""
    with np.errstate(over="ignore"):
        single = precision == "float32" and bool((pair == pair.astype(np.float32)).all())
    kind = np.float32 if single else np.float64
    return int(ulps(pair[:1], pair[1:], kind)[0]), kind.__name__


def _said(cell: Any) -> str:
    value = cell.as_py()
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _weight(experiment: Experiment, shape: Shape, place: int) -> str:
    """What an entry of a trial's weights, in a row, is called."""
    inputs, outputs = len(experiment.task.inputs[0]), len(experiment.task.targets[0])
    widths = {"W1": (inputs, shape.hidden), "b1": (1, shape.hidden), "W2": (shape.hidden, outputs), "b2": (1, outputs)}
    for name, (rows, columns) in widths.items():
        if name.startswith("b") and not shape.bias:
            continue
        if place < rows * columns:
            row, unit = divmod(place, columns)
            return f"{name}[{row},{unit}]" if name.startswith("W") else f"{name}[{unit}]"
        place -= rows * columns
    raise IndexError(place)
