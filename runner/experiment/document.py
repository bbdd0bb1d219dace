"""The file as it is written: the models of its tables before recipes, ranges and names are resolved."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag

from runner.experiment.limits import EPOCHS, POINTS, SEEDS
from runner.experiment.spec import (
    Answers,
    Convergence,
    Epoch,
    Init,
    Label,
    Network,
    Real,
    Slug,
    Table,
    Task,
    Training,
    Whole,
)


class CsvTask(Table):
    """A task whose samples are the rows of a CSV file beside the experiment file."""

    csv: str
    input_columns: Annotated[tuple[str, ...], Field(min_length=1)]
    target_columns: Annotated[tuple[str, ...], Field(min_length=1)]
    name: Label | None = None


class Every(Table):
    """The epochs 0, n, 2n, … up to the last."""

    every: Annotated[Whole, Field(ge=1, le=EPOCHS)]


class RecordTable(Answers):
    """What is kept of a trial beside its outcome; `curve` lists the epochs at which to write the loss."""

    curve: Annotated[tuple[Epoch, ...], Field(fail_fast=True)] | Every = ()


class Points(Table):
    """An axis of `num` points from `start` to `stop`, both included."""

    start: Real
    stop: Real
    num: Annotated[Whole, Field(ge=1, le=POINTS)]
    spacing: Literal["linear", "log"] = "linear"


Seed = Annotated[Whole, Field(ge=0, lt=SEEDS)]


class SeedRange(Table):
    """`count` seeds from `first` on."""

    first: Seed
    count: Annotated[Whole, Field(ge=1, le=SEEDS)]


def _task_form(task: Any) -> str:
    if isinstance(task, str):
        return "<name>"
    return "<csv>" if isinstance(task, dict) and "csv" in task else "<table>"


class Document(Table):
    """An experiment of seedsweep: one task, one network, how it is trained, and the grid of trials."""

    name: Slug
    description: str = ""
    task: Annotated[
        Annotated[str, Tag("<name>")] | Annotated[CsvTask, Tag("<csv>")] | Annotated[Task, Tag("<table>")],
        Discriminator(_task_form),
    ]
    network: Network = Network()
    init: Init = Init()
    training: Training = Training()
    convergence: Convergence = Convergence()
    record: RecordTable = RecordTable()
    sweep: Any = None


TABLES: dict[str, type[BaseModel]] = {
    "network": Network,
    "init": Init,
    "training": Training,
    "convergence": Convergence,
    "record": RecordTable,
}
