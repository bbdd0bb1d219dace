"""docs/published.md from results: each study, its assumptions, its claims with their verdicts, its pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.errors import RunnerError, Stopped
from runner.studies.claims import Verdict
from runner.studies.reproduce import PUBLISHED, judged, tally, words
from runner.studies.study import Picture, Study, read_study, shipped_studies

_HEAD = """\
# Published results, held against ours

Written by `python -m runner published` from the results of `python -m runner reproduce`. A *value* is matched to its
last printed digit. A *typical* number of an unseeded run is ranked among the seeds of a sweep, and unusual outside of
their central 95 %. A *statistic* is held against ours with its 95 % interval. An *impossible* number is one that the
system cannot give. What is open was not expected either way.
"""


def publish(results: Path, out: Path = Path("docs/published.md"), studies: Sequence[str] = ()) -> Path:
    """Write the page of studies, all that ship if none is named, and their pictures beside it; return its path.

    Pictures land in <folder of the page>/published/<study>/. Raises `RunnerError` for a study that has not been run.
    """
    found = [read_study(name) for name in studies or shipped_studies()]
    sections = [_HEAD]
    for study in found:
        try:
            verdicts = judged(study, results)
        except RunnerError as error:
            raise RunnerError(f"{error}; `reproduce {study.name}` makes what is missing") from None
        folder = out.parent / PUBLISHED / study.name
        pictures = [(_drawn(picture, study, results, folder), picture.caption) for picture in study.pictures]
        sections.append(
            "\n".join(_section(study, verdicts, [(path.relative_to(out.parent), c) for path, c in pictures]))
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("\n".join(sections), encoding="utf-8", newline="\n")
    except OSError as error:
        raise Stopped(f"{out}: cannot be written ({error.strerror}); mend it and run the same command again") from None
    return out


def _drawn(picture: Picture, study: Study, results: Path, folder: Path) -> Path:
    """Draw a picture of an experiment's tables; its file."""
    from runner.maps.draw import draw_map, save
    from runner.plots import convergence_bands, rate_grid

    table = results / PUBLISHED / study.name / str(picture.experiment)
    out, where = folder / f"{picture.file}.png", picture.where
    if picture.kind == "map":
        draw_map(table, picture.x, str(picture.y), picture.value, out, colours=picture.colours, where=where)
    elif picture.kind == "grid":
        save(rate_grid(table, picture.x, str(picture.y), where=where), out)
    else:
        figure = convergence_bands(
            table,
            picture.x,
            picture.by,
            panels=picture.panels,
            failures=picture.failures,
            where=where,
            x_label=picture.x_label,
            x_scale=picture.x_scale,
        )
        save(figure, out)
    return out


def _section(study: Study, verdicts: Sequence[Verdict], pictures: Sequence[tuple[Path, str]]) -> Iterator[str]:
    source = study.source
    year = f", {source.year}" if source.year else ""
    yield f"## {study.name}\n"
    yield f"*{source.title}*, {source.authors}{year}; {source.where}.\n"
    if study.assumptions:
        yield "What it leaves open, and what was taken:\n"
        yield from (f"- {assumption.open}: {assumption.taken}." for assumption in study.assumptions)
        yield ""
    yield f"{tally(verdicts)}.\n"
    yield "| claim | published | ours | interval | verdict | note |"
    yield "|---|---|---|---|---|---|"
    for verdict in verdicts:
        claim = verdict.claim
        cells = (claim.id, claim.published, verdict.ours, verdict.interval, words(verdict), claim.note)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""
    for path, caption in pictures:
        yield f"![{caption}]({path.as_posix()})\n\n{caption}\n"
