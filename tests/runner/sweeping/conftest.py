import os
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.runner.running import ROOT, arguments


def heard():
    """Hear signals, also where the tests themselves run in the background and ignore them."""
    for sent in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(sent, signal.SIG_DFL)


@pytest.fixture
def started():
    """Start a command; nothing of it outlives the test, not even workers whose parent was killed."""
    processes = []

    def start(*words, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen(
            arguments(*words), cwd=ROOT, text=True, start_new_session=True, preexec_fn=heard, **pipes
        )
        processes.append(process)
        return processes[-1]

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
