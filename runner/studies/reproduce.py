"""`reproduce`: what studies need is run, and each of their claims is held against it."""

import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runner.errors import RunnerError, Stopped
from runner.studies.claims import Outcome, Verdict, judge
from runner.studies.study import Study, read_study, shipped_studies
from runner.sweeping.progress import shown
from runner.sweeping.run import Run, default_jobs, run
from runner.tables.loading import load

PUBLISHED = "published"  # the folder of studies, among experiments and among results
_HEADINGS = ("claim", "published", "ours", "interval", "verdict")
_FILE = (
    "claim",
    "experiment",
    "kind",
    "column",
    "where",
    "epoch",
    "statistic",
    "published",
    "ours",
    "interval",
    "trials",
    "verdict",
    "remark",
    "expected",
    "note",
)


def reproduce(studies: Sequence[str], results: Path, jobs: int | None = None, quiet: bool = False) -> bool:
    """Run studies, all that ship if none is named, print one table of their claims, and write claims.csv of each.

    Tables land in <results>/published/<study>/<experiment>/; what is complete there is not run again. The answer is
    whether every claim holds that its study expects to hold. Raises `RunnerError` for a study that cannot be used,
    before any is run.
    """
    found = [read_study(name) for name in studies or shipped_studies()]
    verdicts = {study.name: held(study, results, jobs, quiet) for study in found}
    if not quiet:
        _print(verdicts)
    return not any(verdict.disappoints for its in verdicts.values() for verdict in its)


def held(study: Study, results: Path, jobs: int | None = None, quiet: bool = False) -> list[Verdict]:
    """Run what is not yet run of a study, judge its claims in file order, and write its claims.csv."""
    folder = results / PUBLISHED / study.name
    how = jobs or default_jobs()
    for name, experiment in study.experiments.items():
        with shown(f"{study.name}/{name}", False if quiet else None) as progress:
            run(experiment, Run(folder / name, how, "threads", "csv"), progress)
    return judged(study, results)


def judged(study: Study, results: Path) -> list[Verdict]:
    """Judge the claims of a study whose experiments have been run, and write its claims.csv."""
    folder = results / PUBLISHED / study.name
    found: dict[str, Verdict] = {}
    for name, experiment in study.experiments.items():
        claims = [claim for claim in study.claims if claim.experiment == name]
        if claims:
            outcome = Outcome(experiment, load(folder / name))
            try:
                found |= {claim.id: judge(claim, outcome) for claim in claims}
            except RunnerError as error:
                raise RunnerError(f"{study.where}: {error}") from None
    verdicts = [found[claim.id] for claim in study.claims]
    _write(folder / "claims.csv", verdicts)
    return verdicts


def row(verdict: Verdict) -> dict[str, str | int | None]:
    """Return a verdict as a row of claims.csv."""
    claim = verdict.claim
    cells = (
        claim.id,
        claim.experiment,
        claim.kind,
        claim.column,
        claim.where,
        claim.epoch,
        claim.statistic,
        claim.published,
        verdict.ours,
        verdict.interval,
        verdict.trials,
        verdict.verdict,
        verdict.remark,
        claim.expect,
        claim.note,
    )
    return dict(zip(_FILE, cells, strict=True))


def words(verdict: Verdict) -> str:
    """Return the verdict with what was expected, where that is not simply that it holds."""
    said = f"{verdict.verdict}: {verdict.remark}" if verdict.remark else verdict.verdict
    if verdict.claim.expect == "open":
        return said if verdict.holds is None else f"{said} (open)"
    if verdict.claim.expect == verdict.verdict:
        return said if verdict.holds else f"{said} (as expected)"
    return f"{said} (expected: {verdict.claim.expect})"


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return in a sentence how many claims hold, and what was expected of the others."""
    holding = sum(verdict.holds is True for verdict in verdicts)
    expected = Counter(verdict.claim.expect for verdict in verdicts if verdict.holds is False)
    unprinted = sum(verdict.holds is None for verdict in verdicts)
    return (
        f"{len(verdicts)} claims: {holding} hold, {expected['fails']} fail as expected, {expected['open']} fail that "
        f"were open, {expected['holds']} fail against expectation, {unprinted} have no published number"
    )


def _print(verdicts: dict[str, list[Verdict]]) -> None:
    table = Table(*_HEADINGS, box=None, pad_edge=False)
    for study, its in verdicts.items():
        table.add_row(f"[bold]{escape(study)}[/bold]")
        for verdict in its:
            cells = (f"  {verdict.claim.id}", verdict.claim.published, verdict.ours, verdict.interval, words(verdict))
            table.add_row(*map(escape, cells), style="red" if verdict.disappoints else None)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(tally([verdict for its in verdicts.values() for verdict in its]), soft_wrap=True)


def _write(path: Path, verdicts: Sequence[Verdict]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, _FILE, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row(verdict) for verdict in verdicts)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text.getvalue(), encoding="utf-8", newline="")
        temporary.replace(path)
    except OSError as error:
        raise Stopped(f"{path}: cannot be written ({error.strerror}); mend it and run the same command again") from None
    finally:
        temporary.unlink(missing_ok=True)
