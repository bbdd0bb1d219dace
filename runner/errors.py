"""The errors a user can cause: one sentence each, and the exit code of the command that meets it."""


class RunnerError(Exception):
    """An input that cannot be used; the message says what, where and how to mend it."""

    exit_code = 2


class Stopped(RunnerError):  # noqa: N818 - stopping is no error of the program
    """The work stopped before its end, and the same command resumes it."""

    exit_code = 3


class Interrupted(Stopped):
    """Ctrl-C stopped the work, and the same command resumes it."""

    exit_code = 130


class CheckFailed(RunnerError):  # noqa: N818 - an outcome, as its name says
    """Everything ran, and a check did not hold."""

    exit_code = 1
