"""What a user is told of an estimate."""

from collections.abc import Iterator

from rich.console import Console

from runner.estimating.estimate import Estimate, estimate
from runner.experiment.spec import Experiment
from runner.sweeping.backends import Backend
from runner.sweeping.run import Format

_BUSY = 1.3  # times as slow as an idle machine: worth a word
_APART = 1.25  # times as long where the machine is as busy as it was for a moment: likewise


def print_estimate(
    experiment: Experiment, jobs: int, backend: Backend, table_format: Format, parts: int = 1, begun: float = 0.0
) -> None:
    """Measure what a sweep takes, in so many parts, and print it; `begun` are CPU seconds since the program began."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for sentence in sentences(estimate(experiment, jobs, backend, table_format, begun), parts):
        console.print(f"  {sentence}")


def sentences(found: Estimate, parts: int = 1) -> Iterator[str]:
    """The lines to print."""
    machine = f"with {found.jobs} job{'s' * (found.jobs > 1)} on this machine"
    if found.slowdown > _BUSY:
        machine += f", which has other work and is {found.slowdown:.1f} times as slow for it"
    disk = f"{size(found.running_bytes)} on disk while running, {size(found.final_bytes)} at the end"
    most = "" if found.stopping is None else "at most "
    yield f"{most}about {span(found.seconds)} {machine} (calibrated in {found.calibrated:.1f} s), {disk}"
    if found.longest > _APART * found.seconds:
        yield f"{most}about {span(found.longest)} if the machine stays as busy as it was for a part of that time"
    if found.stopping is not None:
        yield (
            f"about {span(found.stopping)} if all trials stop as {found.watched:,} of them did: when a trial stops is "
            "not known before it is trained"
        )
    if parts > 1:
        yield f"that is the whole sweep; each of {parts:,} parts takes about {span(found.seconds / parts)} of it"
    if found.compiled:
        yield f"compiling kernels took {found.compiled:.1f} s; they are kept for the sweep"


def span(seconds: float) -> str:
    """A time, in two digits or so."""
    for limit, unit, name in ((100, 1, "s"), (100 * 60, 60, "minutes"), (48 * 3600, 3600, "hours")):
        if seconds < limit:
            return f"{_rounded(seconds / unit)} {name}"
    return f"{_rounded(seconds / 86400)} days"


def size(count: float) -> str:
    """A number of bytes, in two digits or so."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{_rounded(count / unit)} {name}"
    return f"{count:.0f} bytes"


def _rounded(number: float) -> str:
    return f"{number:.1f}" if number < 9.95 else f"{number:,.0f}"
