"""An expert's C++: lanes.cpp beside this file, compiled here for this machine, the fastest of its variants measured."""

import atexit
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.work import WEIGHTS, Peer, SkippedError, Trained, Weights

SOURCE = Path(__file__).with_name("lanes.cpp")


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="seedsweep-peers-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def compiler() -> str | None:
    """The C++ compiler, or None."""
    return shutil.which("c++") or shutil.which("g++")


def compiler_version() -> str:
    """The first line of what it says of itself."""
    found = compiler()
    if found is None:
        return "no C++ compiler"
    return subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


@cache
def _program(width: int, lanes: int) -> Path:
    """Compile for vectors of so many bits and so many trials side by side."""
    found = compiler()
    if found is None:
        raise SkippedError("no C++ compiler: install g++")
    if platform.system() != "Linux" or platform.machine() not in {"x86_64", "AMD64"}:
        raise SkippedError("the vector math library that it calls is glibc's for x86-64 Linux")
    program = _folder() / f"lanes{width}-{lanes}"
    flags = ["-std=c++17", "-Ofast", "-march=native", f"-mprefer-vector-width={width}", f"-DLANES={lanes}", "-pthread"]
    done = subprocess.run(
        [found, *flags, str(SOURCE), "-o", str(program), "-lmvec", "-lm"], capture_output=True, text=True
    )
    if done.returncode:
        raise SkippedError(f"{found} does not compile it: {next(iter(done.stderr.splitlines()), 'no message')}")
    return program


def train(initial: Weights, epochs: int, cores: int, precision: str, lanes: int, width: int) -> Trained:
    """Train in a process of its own, which times itself: -Ofast would change this one's floating-point mode."""
    command = [str(_program(width, lanes)), precision, *map(str, (len(initial), epochs, cores))]
    done = subprocess.run(command, input=initial.tobytes(), capture_output=True, check=True)
    return Trained(np.frombuffer(done.stdout).reshape(-1, WEIGHTS), float(done.stderr))


def _variants(cores: int) -> list[dict[str, Any]]:
    return [{"batch": 4096 * cores, "lanes": lanes, "width": width} for width in (512, 256) for lanes in (32, 64, 16)]


PEERS = [
    Peer("an expert's C++", precision, "trials side by side, vector math library", train, _variants)
    for precision in ("float64", "float32")
]
