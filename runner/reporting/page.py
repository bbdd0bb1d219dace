"""`report`: the answers of one table of trials as a page that is one file."""

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from runner.analysis.analysis import Analysis
from runner.errors import RunnerError
from runner.reporting import pictures, provenance, tables
from runner.reporting.about import what_was_run
from runner.reporting.grid import MOST, grid_data
from runner.reporting.origin import Origin, origin
from runner.reporting.pictures import Picture
from runner.reporting.tables import PageTable
from runner.reporting.words import number
from runner.tables.streaming import Table

_HERE = Path(__file__).parent
_HEADS = ("rate", "best", "fates")  # sections of an analysis whose first sentences head the page


@dataclass(frozen=True)
class Section:
    """A part of the page: sentences of some sections of the analysis, a picture, and tables."""

    name: str
    title: str
    sentences: Sequence[str] = ()
    picture: Picture | None = None
    tables: Sequence[PageTable] = field(default=())


def report(results: Table, out: str | os.PathLike[str] | None = None) -> Path:
    """Write what a table of trials says as one HTML file, which opens anywhere; return its path.

    `results` is a folder of results, a table of trials of any origin, what `load` or `sweep` gave, or a DataFrame. The
    file is report.html beside the table, unless `out` says otherwise. The same tables give the same bytes. Raises
    `RunnerError` for tables that cannot be used, and a file that cannot be written.
    """
    from runner.analysis.analyze import analyze

    source = origin(results)
    path = Path(out) if out is not None else _beside(source)
    text = page(analyze(results), source)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(text, encoding="utf-8", newline="\n")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RunnerError(f"{path}: cannot be written ({error.strerror or error}); choose another --out") from None
    return path


def page(found: Analysis, source: Origin) -> str:
    """Return the page of an analysis, and of where its table comes from."""
    import jinja2

    from runner import __version__

    headlines, rest = _parts(found.sentences)
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.jinja").render(
        title=provenance.title(source),
        description=source.experiment.description if source.experiment else "",
        what=what_was_run(source, found.trials, found.axes),
        toml=provenance.toml(source),
        made=provenance.made(source),
        files=provenance.files(source),
        citation=provenance.citation(source),
        steps=provenance.steps(source),
        script=Markup(script),  # noqa: S704 - the program's own
        script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - likewise
        sections=_sections(found, source, rest),
        sentences=rest,
        headlines=headlines,
        notes=list(dict.fromkeys([*found.notes, *source.notes, *_too_many(found)])),
        tiles=_tiles(found),
        map_data=grid_data(found.configurations, found.axes) if _has_map(found) else None,
        map_caption="Convergence over the axes of the sweep",
        version="" if __version__ == "unknown" else __version__,
    )


def _beside(source: Origin) -> Path:
    if source.file is None:
        raise RunnerError("these results are nowhere on disk; say where the report goes by out")
    name = source.file.stem
    return source.file.with_name("report.html" if name == "trials" else f"{name}-report.html")


def _has_map(found: Analysis) -> bool:
    return bool(found.axes) and len(found.configurations) <= MOST


def _too_many(found: Analysis) -> list[str]:
    count = len(found.configurations)
    return [f"{count:,} configurations are too many for the map of a page; the command map draws them."] * (
        count > MOST
    )


def _sections(found: Analysis, source: Origin, sentences: Mapping[str, Sequence[str]]) -> list[Section]:
    """Return the parts of the page that there is something to say in."""
    several = len(found.configurations) > 1
    sections = [Section("short", "In short"), Section("what", "What was run")]
    if _has_map(found):
        sections.append(Section("map", "Convergence over the axes", ("rate",)))
    runs = Section("epochs", "How long it takes", ("epochs", "restarts"), pictures.run_lengths(found))
    sections += [runs, Section("loss", "Final loss", ("loss",), pictures.losses(found))]
    if picture := pictures.curves(found, source):
        sections.append(Section("curves", "Loss over epochs", picture=picture))
    if picture := pictures.outputs(found, source, _typical(found, source)):
        sections.append(Section("outputs", "Answers against targets", picture=picture))
    sections.append(Section("fates", "Why the others did not converge", ("fates",), pictures.fates(found)))
    if several:
        effects = tables.effects(found)
        sections.append(
            Section("best", "The best, and the axes", ("best", "axes"), tables=[effects] if effects else [])
        )
    enough = tables.enough(found)
    sections.append(Section("seeds", "How many seeds are enough", ("seeds",), tables=[enough] if enough else []))
    every = Section(
        "configurations",
        "Every configuration",
        () if _has_map(found) else ("rate",),
        tables=[tables.configurations(found)],
    )
    sections += [every]
    if provenance.files(source):
        sections.append(Section("made", "Where it comes from"))
    if source.manifest is not None:
        sections.append(Section("again", "Cite and reproduce"))
    return [section for section in sections if _says(section, sentences)]


def _says(section: Section, sentences: Mapping[str, Sequence[str]]) -> bool:
    filled = ("short", "what", "map", "made", "again")
    return section.name in filled or bool(
        section.picture or section.tables or any(sentences.get(part) for part in section.sentences)
    )


def _typical(found: Analysis, source: Origin) -> int:
    """Return the configuration whose answers are shown: the experiment's own, else the best, else the first."""
    frame, experiment = found.configurations, source.experiment
    if experiment is not None:
        parts = (experiment.network, experiment.init, experiment.training, experiment.convergence)
        own = {key: getattr(part, key) for part in parts for key in found.axes if hasattr(part, key)}
        matches = frame
        for key, value in own.items():
            matches = matches[matches[key] == value]
        if len(matches) and len(own) == len(found.axes):
            return int(matches.index[0])
    if found.best is not None:
        return found.best.chosen
    return int(frame["convergence_rate"].to_numpy().argmax())


def _parts(sentences: Mapping[str, Sequence[str]]) -> tuple[list[str], dict[str, Sequence[str]]]:
    """Return the sentences that head the page, and those of its sections, which repeat what the next goes on from."""
    heads = [*sentences.get("trials", ()), *(sentences[part][0] for part in _HEADS if sentences.get(part))]
    return heads, {part: said[1:] if part == "rate" else said for part, said in sentences.items()}


def _tiles(found: Analysis) -> list[tuple[str, Any]]:
    """Return a few numbers, and what each is."""
    frame = found.configurations
    trials, converged, diverged = (int(frame[name].sum()) for name in ("trials", "converged", "diverged"))
    seeds = int(found.trials["seed"].nunique())
    tiles = [
        (number(trials), "trial" if trials == 1 else "trials"),
        (number(len(frame)), "configuration" if len(frame) == 1 else "configurations"),
        (number(seeds), "seed" if seeds == 1 else "seeds"),
        (f"{100 * converged / trials:.1f} %", "of all trials converged"),
    ]
    return [*tiles, (number(diverged), "diverged")] if diverged else tiles
