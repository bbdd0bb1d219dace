"""`audit`: whether a folder of results is whole, is what its manifest says, and comes out again bit for bit."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from runner.checking.audit_bound import most_wrong
from runner.checking.audit_files import check_files, check_manifest, opened
from runner.checking.audit_findings import Finding, Mismatch
from runner.checking.audit_pass import Pass
from runner.checking.audit_rerun import Trainer
from runner.errors import RunnerError
from runner.planning.product import Numbers
from runner.sweeping.progress import Progress, shown
from runner.sweeping.run import default_jobs

SAMPLE = 1000


@dataclass(frozen=True)
class Audit:
    """What does not hold of a folder of results; as text it is an answer in words.

    Of its `rows`, those that its experiment has, `sampled` were chosen with `seed` and `rerun` of them found in the
    table and trained again; `wrong` are missing or came out otherwise, and with 95 % confidence at most `most_wrong` of
    all rows are. `mismatches` are the first 1000 of the `cells_wrong` cells that came out otherwise.
    """

    path: Path
    rows: int
    sampled: int
    seed: int
    rerun: int
    wrong: int
    most_wrong: int
    findings: tuple[Finding, ...]
    mismatches: tuple[Mismatch, ...]
    cells_wrong: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was found, and every row that was chosen came out the same."""
        return not self.findings and not self.wrong

    def __str__(self) -> str:
        from runner.checking.audit_text import text

        return text(self)


def audit(
    results: str | os.PathLike[str],
    *,
    sample: int = SAMPLE,
    all: bool = False,  # noqa: A002 - as the option is called
    seed: int | None = None,
    progress: bool | None = None,
) -> Audit:
    """Check a folder of results: its files, its columns, the order of its rows, and a random sample of them again.

    The manifest is the measure: SHA-256 and size of each file, the columns, and every row's trial, configuration and
    seed follow from it; the summary is made again from the table. Of the rows, `sample` or `all` are trained again, and
    every column, curve and weight is compared bit for bit. `seed` chooses the same rows again; without it they are
    others each time. `progress` is as for `sweep`.

    Raises `RunnerError` where there is no manifest of ours, so that nothing can be audited.
    """
    if not all and (not isinstance(sample, int) or sample < 1):
        raise RunnerError(f"sample = {sample!r}: it must be 1 or more")
    if seed is not None and (not isinstance(seed, int) or seed < 0):
        raise RunnerError(f"seed = {seed!r}: it must be 0 or more")
    began = time.monotonic()
    folder = opened(results)
    try:
        findings = [*check_manifest(folder), *check_files(folder)]
        rows = folder.plan.trials
        chosen_by = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        chosen = np.arange(rows) if all or sample >= rows else _chosen(rows, sample, chosen_by)
        with shown(f"audit of {folder.path.name or folder.path}", progress) as show:
            trainer = Trainer(
                folder.plan, folder.table.suffix if folder.table else ".csv", default_jobs(), _Told(show, len(chosen))
            )
            passed = Pass(folder, chosen, trainer)
            passed.run()
    except OSError as error:
        raise RunnerError(f"{folder.path}: it cannot be audited: {error.strerror or error}") from None
    wrong = int(passed.wrong.sum())
    return Audit(
        path=folder.path,
        rows=rows,
        sampled=len(chosen),
        seed=chosen_by,
        rerun=int(passed.seen.sum()),
        wrong=wrong,
        most_wrong=most_wrong(rows, len(chosen), wrong),
        findings=(*findings, *passed.findings),
        mismatches=tuple(passed.mismatches),
        cells_wrong=passed.cells_wrong,
        seconds=time.monotonic() - began,
    )


def _chosen(rows: int, sample: int, seed: int) -> Numbers:
    chosen: Numbers = np.sort(np.random.default_rng(seed).choice(rows, sample, replace=False, shuffle=False))
    return chosen


class _Told:
    """Counts the trials that are trained, and shows them."""

    def __init__(self, show: Progress, total: int) -> None:
        self._show, self._total, self._done = show, total, 0

    def __call__(self, more: int) -> Any:
        self._done += more
        self._show(self._done, self._total, self._done / self._total)
