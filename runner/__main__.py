"""`python -m runner`, also installed as `seedsweep`: one place that turns errors into a sentence and an exit code."""

import sys
from contextlib import suppress

from runner.errors import CheckFailed, RunnerError, Stopped


def main() -> None:
    """Run the command line; the process ends with the exit code that the README lists."""
    from runner.commands import app

    try:
        app(prog_name="seedsweep" if sys.argv[0].endswith("seedsweep") else "python -m runner")
    except RunnerError as error:
        with suppress(OSError):  # of a terminal that was closed
            print(f"{_kind(error)}: {error}", file=sys.stderr)  # noqa: T201 - the one sentence
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl-C, without a word
            print("stopped; run the same command again", file=sys.stderr)  # noqa: T201 - the same
        raise


def _kind(error: RunnerError) -> str:
    if isinstance(error, CheckFailed):
        return "does not hold"
    return "stopped" if isinstance(error, Stopped) else "error"


if __name__ == "__main__":
    main()
