import os
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.runner.running import ROOT, arguments


@pytest.fixture
def started():
    """Start a command; nothing of it outlives the test, not even workers whose parent was killed."""
    processes = []

    def start(*words, **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        processes.append(subprocess.Popen(arguments(*words), cwd=ROOT, text=True, start_new_session=True, **pipes))
        return processes[-1]

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
