"""What an experiment file says: validated, immutable values.

Each model checks its keys one by one; `runner.experiment.checks` holds the rules that tie keys together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, StrictBool, model_validator

from runner.experiment.limits import CELLS, EPOCHS, HIDDEN, LARGEST, SKIP
from runner.labels import plural

SLUG = r"^[a-z0-9][a-z0-9_-]{0,99}$"


def _rectangular(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError(f"has rows of {min(widths)} and of {max(widths)} numbers")
    if widths == {0}:
        raise ValueError("has empty rows")
    if sum(map(len, rows)) > CELLS:
        raise ValueError(f"holds more than {CELLS:,} numbers")
    return rows


def _usable_as_a_folder(name: str) -> str:
    if re.fullmatch("con|prn|aux|nul|(com|lpt)[0-9]", name):
        raise ValueError(f'"{name}" can be no folder under Windows; add a letter')
    return name


# Adding 0.0 turns -0.0 into 0.0: two equal configurations have the same text, too.
Real = Annotated[
    float, Strict(), Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False), AfterValidator(lambda x: x + 0.0)
]
Whole = Annotated[int, Strict()]
Epoch = Annotated[Whole, Field(ge=0, le=EPOCHS)]
Vector = Annotated[tuple[Real, ...], Field(fail_fast=True)]
Matrix = Annotated[tuple[Vector, ...], Field(fail_fast=True), AfterValidator(_rectangular)]
Rows = Annotated[Matrix, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=SLUG), AfterValidator(_usable_as_a_folder)]
Label = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]


class Table(BaseModel):
    """A table of the file: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Task(Table):
    """Training samples (samples x inputs), their targets (samples x outputs), and inputs to answer after training."""

    name: Label = "custom"
    inputs: Rows
    targets: Rows
    probes: Matrix = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.inputs) != len(self.targets):
            raise ValueError(f"has {plural(len(self.inputs), 'row')} of inputs and {len(self.targets):,} of targets")
        if self.probes and len(self.probes[0]) != len(self.inputs[0]):
            raise ValueError(
                f"has probes of {plural(len(self.probes[0]), 'number')}, inputs of {len(self.inputs[0]):,}"
            )
        return self


class Network(Table):
    """Inputs, one hidden layer of sigmoids, sigmoid outputs; with or without biases in both layers."""

    hidden: Annotated[Whole, Field(ge=1, le=HIDDEN)] = 4
    bias: StrictBool = True


Parameter = Literal["W1", "W1.T", "b1", "W2", "W2.T", "b2"]


class Skip(Table):
    """Draws of the stream that are passed over."""

    skip: Annotated[Whole, Field(ge=1, le=SKIP)]


class Init(Table):
    """Where initial weights come from: W1 (inputs x hidden), b1 (hidden), W2 (hidden x outputs), b2 (outputs).

    Of an experiment, `order` names every parameter that some of its networks have, once; one that a trial's network
    does not have draws nothing. What the distribution does not use stands at its default.
    """

    generator: Literal["mt19937", "pcg64"] = "mt19937"
    distribution: Literal["uniform", "normal", "given"] = "uniform"
    low: Real = -1.0
    high: Real = 1.0
    mean: Real = 0.0
    std: Annotated[Real, Field(ge=0)] = 1.0
    scale: Real | Literal["1/sqrt(fan_in)"] = 1.0
    order: Annotated[tuple[Parameter | Skip, ...], Field(fail_fast=True)] = ("W1", "b1", "W2", "b2")
    W1: Matrix | None = None
    b1: Vector | None = None
    W2: Matrix | None = None
    b2: Vector | None = None


class Training(Table):
    """Gradient descent: v <- momentum v + learning_rate g; w <- w - v, where g is the gradient of the objective."""

    learning_rate: Annotated[Real, Field(ge=0)] = 0.5
    momentum: Annotated[Real, Field(ge=0)] = 0.0
    epochs: Epoch = 1000
    update: Literal["batch", "online"] = "batch"
    objective: Literal["sse", "half-sse", "mse", "half-mse"] = "mse"
    precision: Literal["float64", "float32"] = "float64"


class Convergence(Table):
    """When a trial counts as converged, tested after every epoch; `stop` ends it there."""

    metric: Literal["loss", "max-error", "classification"] = "loss"
    threshold: Annotated[Real, Field(gt=0)] = 0.01
    stop: StrictBool = False


class Answers(Table):
    """What is kept of a trial beside its outcome."""

    outputs: StrictBool = True
    probes: Matrix = ()
    weights: StrictBool = False
    fate: StrictBool = False


class Record(Answers):
    """The same, `curve` being the epochs at which the loss is written, ascending."""

    curve: tuple[int, ...] = ()


@dataclass(frozen=True)
class Axis:
    """The values that a key of [table] takes, in file order."""

    key: str
    table: str
    values: tuple[float | int | str | bool, ...]


@dataclass(frozen=True)
class Grid:
    """One [sweep]: the product of its axes, in file order, with its seeds innermost."""

    axes: tuple[Axis, ...] = ()
    seeds: range | tuple[int, ...] = range(1)


@dataclass(frozen=True)
class Experiment:
    """A whole experiment file: every value, whoever supplied it.

    `written` says what was read: the `file` as it was called, its `sha256`, and the `overrides`; None where it was no
    file. It and warnings take no part in comparisons.
    """

    name: str
    description: str
    task: Task
    network: Network
    init: Init
    training: Training
    convergence: Convergence
    record: Record
    grids: tuple[Grid, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)
    written: Mapping[str, Any] | None = field(default=None, compare=False)


SWEEPABLE = {
    key: table
    for table, keys in {
        "network": ("hidden", "bias"),
        "init": ("generator", "low", "high", "mean", "std", "scale"),
        "training": ("learning_rate", "momentum", "epochs", "update", "objective", "precision"),
        "convergence": ("metric", "threshold", "stop"),
    }.items()
    for key in keys
}
