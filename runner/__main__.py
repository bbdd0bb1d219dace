"""`python -m runner`, also installed as `seedsweep`: one place that turns errors into a sentence and an exit code."""

import os
import sys
import threading
from contextlib import suppress

from runner.errors import CheckFailed, RunnerError, Stopped
from runner.streams import readers_may_leave


def main() -> None:
    """Run the command line; the process ends with the exit code that the README lists."""
    from runner.commands import app

    with readers_may_leave():
        try:
            try:
                app(prog_name="seedsweep" if sys.argv[0].endswith("seedsweep") else "python -m runner")
            finally:
                sys.stdout.flush()
        except RunnerError as error:
            _say(f"{_kind(error)}: {error}")
            if any(thread.name == "conductor" for thread in threading.enumerate()) and not _has_children():
                _end_now(error.exit_code)
            sys.exit(error.exit_code)
        except SystemExit as end:
            if end.code == 130:  # what Typer makes of Ctrl-C, without a word
                _say("stopped; run the same command again")
            raise


def _say(sentence: str) -> None:
    with suppress(OSError):  # of a terminal that was closed
        print(sentence, file=sys.stderr)  # noqa: T201 - the one sentence


def _has_children() -> bool:
    """Whether processes of workers are left, which Python's own end puts away."""
    return "multiprocessing" in sys.modules and bool(sys.modules["multiprocessing"].active_children())


def _end_now(code: int) -> None:
    """End although a kernel, which looks up once an epoch, is still at work: beside it, Python's own end takes long."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RunnerError):
            stream.flush()
    os._exit(code)


def _kind(error: RunnerError) -> str:
    if isinstance(error, CheckFailed):
        return "does not hold"
    return "stopped" if isinstance(error, Stopped) else "error"


if __name__ == "__main__":
    main()
