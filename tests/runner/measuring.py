"""A command in a process of its own, with what it cost."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.runner.running import ROOT, arguments

# A process begins with the memory of the one that starts it, so a small one stands between pytest and the command.
_LAUNCHER = """
import json, os, resource, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
out, err = process.communicate()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([process.returncode, out, err, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


@dataclass(frozen=True)
class Cost:
    """How a command ended, the seconds of processor time that it took, and the most bytes that it held."""

    code: int
    out: str
    err: str
    seconds: float
    memory: int


def measured(*words: object, **options: Any) -> Cost:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-c", _LAUNCHER, *arguments(*words)],
        **{"cwd": ROOT, "capture_output": True, "text": True, "timeout": 120, "check": True, **options},
    )
    return Cost(*json.loads(done.stdout))
