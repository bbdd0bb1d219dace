"""Study files: experiments that repeat a source, what the source leaves open, and the claims held against them."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StrictBool

from runner.analysis.estimates import NOT, Statistic
from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.source import opened
from runner.experiment.spec import Epoch, Experiment, Real, Slug, Table, Whole
from runner.messages import Refusal, checked, nearest
from runner.studies.printed import bounds, numbers
from runner.tables.columns import trial_columns, trial_kinds
from runner.tables.where import check_columns, parse
from runner.tracing.intermediates import intermediate_columns

Written = TypeVar("Written", "Claim", "Picture")
_COMPARABLE = ("rate", "mean", "harmonic-mean", "restarts")


class Source(Table):
    """What is repeated, and where it can be read."""

    title: str
    authors: str
    year: Whole | None = None
    where: str


class Assumption(Table):
    """What the source leaves open, and what was taken."""

    open: str
    taken: str


class Claim(Table):
    """One thing that the source says, in its own digits, and how it is held against an experiment."""

    id: Slug
    kind: Literal["value", "typical", "statistic", "impossible"]
    published: str  # empty where the source names a statistic and no number; it is open then
    column: str
    experiment: str | None = None  # where the study has several
    where: str = ""
    epoch: Epoch | None = None
    statistic: Statistic | None = None
    against: str | None = None  # a second selection: the statistic is then the difference of the two
    trials: Annotated[Whole, Field(ge=1)] | None = None  # that a published statistic is of
    digits: Annotated[Whole, Field(ge=1)] | None = None  # that can be expected of a value, where not all
    factor: Real = 1.0  # by which the source had multiplied what it prints
    expect: Literal["holds", "fails", "open"] = "holds"
    note: str = ""


class Picture(Table):
    """A picture of an experiment: a map or a grid of rates over two axes, or lines of rates with their bands."""

    file: Slug
    kind: Literal["map", "grid", "bands"]
    experiment: str | None = None
    x: str
    y: str | None = None  # of a map or a grid
    value: str = "epochs_to_convergence"  # of a map
    colours: Literal["viridis", "grey"] = "viridis"  # of a map
    by: tuple[str, ...] = ()  # of bands: a line for each combination of these
    panels: str | None = None  # of bands
    failures: StrictBool = False  # of bands: the share that did not converge
    x_label: str | None = None  # of bands
    x_scale: Literal["linear", "log"] | None = None  # of bands
    where: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Study:
    """A study file, whole; claims and pictures name their experiment."""

    name: str
    where: str
    source: Source
    assumptions: tuple[Assumption, ...]
    experiments: dict[str, Experiment]
    claims: tuple[Claim, ...]
    pictures: tuple[Picture, ...]


def shipped_studies() -> dict[str, Path]:
    """Return the studies that come with the program, name to path."""
    here = Path(__file__).parents[1]
    folders = (here / "experiments" / "published", here.parent / "experiments" / "published")
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def read_study(source: str | os.PathLike[str]) -> Study:
    """Return the study that a path or the name of a shipped one leads to.

    Raises `RunnerError` with one sentence about the first thing that cannot be used, a claim on a column that its
    experiment does not have among them.
    """
    path = Path(source)
    if not path.is_file():
        known = shipped_studies()
        name = path.with_suffix("").name if path.suffix == ".toml" else str(source)
        if name not in known:
            raise RunnerError(f"{source}: there is no such study; {nearest(name, known or ['none ships'])}")
        path = known[name]
    written = opened(path)
    try:
        return _study(path.stem, written.where, written.content)
    except Refusal as refusal:
        raise RunnerError(f"{written.where}: {refusal}") from None


def claim_columns(claim: Claim, experiment: Experiment) -> list[str]:
    """Return the columns that a claim names: one, or as many as fit a name with a `*`. Raises `ValueError`."""
    if claim.column == "loss":
        if claim.epoch is None or claim.epoch not in experiment.record.curve:
            raise ValueError(f"loss needs an epoch of record.curve; {claim.epoch} is not among them")
        return ["loss"]
    tables = trial_columns(experiment), intermediate_columns(experiment)
    named = claim.column.removeprefix(NOT)
    pattern = re.compile(".*".join(map(re.escape, named.split("*"))))
    fitting = ([name for name in table if pattern.fullmatch(name)] for table in tables)
    found = next(filter(None, fitting), [])
    if not found:
        known = [*tables[0], *tables[1]]
        raise ValueError(f"there is no column {named}; {nearest(named, known)}")
    flags = trial_kinds(experiment)
    if (claim.column != named or claim.statistic in ("rate", "count")) and flags.get(named) != "flag":
        raise ValueError(f"column {named} is no flag, such as converged")
    if any(flags.get(name) == "word" for name in found):
        raise ValueError(f"column {named} holds words")
    return found


def _study(name: str, where: str, content: dict[str, Any]) -> Study:
    kinds = {"source": Source, "assumption": Assumption, "experiment": None, "claim": Claim, "picture": Picture}
    for key, value in content.items():
        if key not in kinds:
            raise Refusal(key, f"there is no such table; {nearest(key, kinds)}", value)
    for key in ("source", "experiment", "claim"):
        if not content.get(key):
            raise Refusal(key, f"is missing; a study needs {'one' if key == 'source' else f'[[{key}]] at least once'}")
    experiments: dict[str, Experiment] = {}
    for place, table in enumerate(_tables(content, "experiment")):
        experiment = _experiment(table, f"experiment[{place}]")
        if experiment.name in experiments:
            raise Refusal(f"experiment[{place}].name", "stands twice in this study", experiment.name)
        experiments[experiment.name] = experiment
    claims: dict[str, Claim] = {}
    for place, table in enumerate(_tables(content, "claim")):
        key = f"claim[{place}]"
        claim = _at_home(checked(Claim, table, key), experiments, key)
        if claim.id in claims:
            raise Refusal(f"{key}.id", "stands twice in this study", claim.id)
        _check_claim(claim, experiments[str(claim.experiment)], key)
        claims[claim.id] = claim
    pictures = []
    for place, table in enumerate(_tables(content, "picture")):
        key = f"picture[{place}]"
        pictures.append(_at_home(checked(Picture, table, key), experiments, key))
        _check_picture(pictures[-1], experiments[str(pictures[-1].experiment)], key)
    assumptions = [checked(Assumption, at, f"assumption[{i}]") for i, at in enumerate(_tables(content, "assumption"))]
    source = checked(Source, content["source"], "source")
    return Study(name, where, source, tuple(assumptions), experiments, tuple(claims.values()), tuple(pictures))


def _tables(content: Mapping[str, Any], key: str) -> list[Any]:
    tables = content.get(key, [])
    if not isinstance(tables, list):
        raise Refusal(key, f"write it as [[{key}]]")
    return tables


def _experiment(table: Any, key: str) -> Experiment:
    if not isinstance(table, dict):
        raise Refusal(key, "must be a table", table)
    try:
        return read(table)
    except RunnerError as error:
        raise Refusal(key, str(error).removeprefix("the experiment: ")) from None


def _at_home(written: Written, experiments: Mapping[str, Experiment], key: str) -> Written:
    """Return a claim or picture that names its experiment, which it may leave out where there is just one."""
    if written.experiment is None and len(experiments) > 1:
        raise Refusal(f"{key}.experiment", f"is missing; it may be one of {', '.join(experiments)}")
    name = written.experiment or next(iter(experiments))
    if name not in experiments:
        raise Refusal(f"{key}.experiment", f"there is no such experiment; {nearest(name, experiments)}", name)
    return written.model_copy(update={"experiment": name})


def _check_claim(claim: Claim, experiment: Experiment, key: str) -> None:
    known = trial_columns(experiment)
    try:
        part = "published"
        printed = len(numbers(claim.published)) if claim.kind in ("value", "typical", "impossible") else 1
        if claim.kind == "statistic" and (claim.published or claim.expect != "open"):
            bounds(claim.published)
        part = "column"
        columns = claim_columns(claim, experiment)
        part = "where"
        check_columns(parse(claim.where), known)
        part = "against"
        check_columns(parse(claim.against or ""), known)
    except (ValueError, RunnerError) as error:
        raise Refusal(f"{key}.{part}", str(error).removeprefix("where: ")) from None
    several = claim.kind == "value"
    if printed != len(columns) or (printed > 1 and not several):
        found = f"{printed} numbers are printed, and {len(columns)} columns named"
        raise Refusal(f"{key}.column", found if several else f"{found}; a claim of this kind takes one", claim.column)
    if (claim.statistic is None) == (claim.kind == "statistic"):
        raise Refusal(f"{key}.statistic", 'belongs to kind = "statistic", and only there')
    if claim.against is not None and claim.statistic not in _COMPARABLE:
        raise Refusal(f"{key}.against", f"goes with a statistic of {', '.join(_COMPARABLE)}")
    if claim.digits is not None and claim.kind != "value":
        raise Refusal(f"{key}.digits", 'belongs to kind = "value"')
    if claim.factor != 1.0 and claim.kind == "statistic":
        raise Refusal(f"{key}.factor", "belongs to single numbers, not to statistics")
    traced = columns[0] not in (*known, "loss")
    if traced and claim.epoch is None:
        raise Refusal(f"{key}.epoch", f"is missing; {columns[0]} is of one epoch")
    if claim.epoch is not None and not traced and columns[0] != "loss" and "epochs" not in known:
        raise Refusal(f"{key}.epoch", "needs epochs as an axis of the experiment", claim.epoch)


def _check_picture(picture: Picture, experiment: Experiment, key: str) -> None:
    known = trial_columns(experiment)
    if (picture.y is None) != (picture.kind == "bands"):
        raise Refusal(f"{key}.y", "belongs to a map or a grid, and only there")
    columns = {"x": picture.x, "y": picture.y, "value": picture.value, "panels": picture.panels}
    for part, name in (*columns.items(), *(("by", name) for name in picture.by)):
        if name is not None and name not in known:
            raise Refusal(f"{key}.{part}", f"there is no such column; {nearest(name, known)}", name)
    try:
        check_columns(parse(picture.where), known)
    except RunnerError as error:
        raise Refusal(f"{key}.where", str(error).removeprefix("where: ")) from None
