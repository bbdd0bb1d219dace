"""The program that commands belong to, the arguments that several of them share, and what they all do first."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runner.errors import Interrupted, Stopped

if TYPE_CHECKING:
    from runner.experiment.spec import Experiment

app = typer.Typer(
    help="Train very small sigmoid networks by the million and see which results were typical.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="An experiment file, or the name of one that ships.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a value, as training.epochs=100.")
]
Results = Annotated[Path, typer.Option(help="The folder that <name>/ lands in, with the tables.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Chunks at a time; by default the usable CPUs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def _version(wanted: bool) -> None:
    if wanted:
        from runner import __version__

        typer.echo(f"seedsweep {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def warned(experiment: "Experiment", spec: str, quiet: bool = False) -> "Experiment":
    """The experiment, once its warnings are printed."""
    for warning in () if quiet else experiment.warnings:
        typer.echo(f"warning: {spec}: {warning}", err=True)
    return experiment


_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def resumable() -> Iterator[None]:
    """Let SIGTERM, a closed terminal and Ctrl-C end this command as a full disk would: what is finished is kept."""
    terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]

    def end(number: int, _: Any) -> None:
        for descriptor in terminals:
            if not os.isatty(descriptor):  # what is written to a terminal that is gone is an error
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        name = signal.Signals(number).name
        raise Stopped(f"asked to end ({name}); what is finished is kept, run the same command again to go on")

    listened = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]  # not to SIGHUP under nohup
    for number in listened:
        signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt as interrupted:
        done = f"{interrupted}; " if str(interrupted) else ""
        raise Interrupted(f"{done}run the same command again to go on") from None
    finally:
        for number in listened:
            signal.signal(number, signal.SIG_DFL)


def program() -> str:
    """What the user typed to call this program."""
    return "seedsweep" if sys.argv[0].endswith("seedsweep") else "python -m runner"
