"""How far a sweep is: a bar in a terminal or a notebook, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# Trials on disk, of how many, and the share that is done of what this run has to train.
Progress = Callable[[int, int, float], None]
Say = Callable[[str], None]  # a remark, in one line

_EVERY = 5.0  # seconds between plain lines


@contextmanager
def shown(name: str, wanted: bool | None = None) -> Iterator[Progress]:
    """Show a sweep's progress on standard error, and yield the function that is to be told of it.

    `wanted` False shows nothing, True a bar or lines, None a bar where somebody watches: in a terminal or a notebook.
    """
    watched = sys.stderr.isatty() or _in_notebook()
    if wanted is False or (wanted is None and not watched):
        yield lambda _trials, _total, _share: None
    elif watched:
        with _bar(name) as progress:
            yield progress
    else:
        yield _lines(name)


def remarks(wanted: bool | None = None) -> Say:
    """The function that is to be told what else a sweep has to say; `wanted` as for `shown`."""
    heard = sys.stderr.isatty() or _in_notebook() if wanted is None else wanted
    return _heard if heard else unheard


def _heard(line: str) -> None:
    with suppress(OSError):  # nobody reads on
        print(line, file=sys.stderr)  # noqa: T201 - what this function is for


def unheard(_: str) -> None:
    """Where nobody listens to remarks."""


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(name), BarColumn(), TextColumn("{task.fields[trials]}"), TimeRemainingColumn(compact=True))
    started = time.monotonic()
    with Bar(*columns, TextColumn("left"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=1.0, trials="")

        def progress(trials: int, total: int, share: float) -> None:
            bar.update(task, completed=share, trials=_trials(trials, total, time.monotonic() - started))

        yield progress


def _lines(name: str) -> Progress:
    started = time.monotonic()
    last = started

    def progress(trials: int, total: int, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY and share > 0:
            last = now
            left = (now - started) * (1 - share) / share
            _heard(f"{name}: {_trials(trials, total, now - started)}, about {left:,.0f} s left")

    return progress


def _trials(trials: int, total: int, seconds: float) -> str:
    return f"{trials:,} of {total:,} trials, {trials / max(seconds, 1e-9):,.0f} a second"
