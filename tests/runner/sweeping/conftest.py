import fcntl
import os
import signal
import subprocess
import termios
from contextlib import suppress
from functools import partial

import pytest

from tests.runner.running import ROOT, arguments


def heard(terminal):
    """Hear signals, also where the tests themselves run in the background and ignore them; and those of a terminal."""
    for sent in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(sent, signal.SIG_DFL)
    if terminal is not None:
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


@pytest.fixture
def started():
    """Start a command; nothing of it outlives the test, not even workers whose parent was killed."""
    processes = []

    def start(*words, terminal=None):
        output = subprocess.PIPE if terminal is None else terminal
        process = subprocess.Popen(
            arguments(*words),
            cwd=ROOT,
            text=True,
            stdin=terminal,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=partial(heard, terminal),
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
