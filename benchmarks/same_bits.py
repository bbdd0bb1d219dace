"""Whether tables have the committed bytes however kernels are compiled and run.

    python -m benchmarks.same_bits [--quick] [--python COMMAND]

Runs tests/golden.py in a process of its own for each way, into an empty cache of compiled kernels, and counts the small
sweeps whose trials.csv has the committed digest. --python runs it with another interpreter instead, one of another
architecture under an emulator for instance. --quick tries one experiment in two ways, to see that it runs.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import described
from tests.golden import golden

ROOT = Path(__file__).parents[1]


def target(name: str) -> dict[str, str]:
    """The settings with which Numba compiles for a CPU of the x86-64 family."""
    return {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""}


WAYS: dict[str, tuple[dict[str, str], list[str]]] = {
    "this CPU": ({}, []),
    "processes": ({}, ["--backend", "processes"]),
    "Dask": ({}, ["--backend", "dask"]),
    "one job": ({}, ["--jobs", "1"]),
    "generic x86-64: no FMA, no AVX": (target("generic"), []),
    "x86-64-v3: FMA, AVX2": (target("x86-64-v3"), []),
    "x86-64-v4: AVX-512": (target("x86-64-v4"), []),
    **{f"{width} lanes": ({}, ["--width", str(width)]) for width in (4, 16, 64)},
    **{f"LLVM optimisation level {level}": ({"NUMBA_OPT": str(level)}, []) for level in (1, 2)},
}


def same(settings: dict[str, str], options: list[str], python: list[str], caches: Path) -> int:
    """How many of the committed digests come out; what is compiled alike is compiled once."""
    done = subprocess.run(
        [*python, "-m", "tests.golden", *options],
        cwd=ROOT,
        env=os.environ | settings | {"XDG_CACHE_HOME": str(caches / "-".join(["as-is", *settings.values()]))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    committed = {f'{name} = "{digest}"' for name, digest in golden().items()}
    return len(committed & set(done.stdout.splitlines()))


def main() -> None:
    """Print the table; exit code 1 where a digest differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one experiment in two ways only")
    parser.add_argument("--python", metavar="COMMAND", help="an interpreter, with what starts it")
    options = parser.parse_args()
    python = shlex.split(options.python) if options.python else [sys.executable]
    ways = (
        {"as given": WAYS["this CPU"]} if options.python else dict(list(WAYS.items())[: 2 if options.quick else None])
    )
    print(f"{described()}\n\n| way | tables with the committed bytes | seconds |\n|---|---:|---:|")
    total, right = 2 if options.quick else len(golden()), True
    with tempfile.TemporaryDirectory() as caches:
        for name, (settings, words) in ways.items():
            start = time.perf_counter()
            count = same(settings, [*words, *(["patterns"] if options.quick else [])], python, Path(caches))
            right &= count == total
            print(f"| {name} | {count} of {total} | {time.perf_counter() - start:.0f} |", flush=True)
    sys.exit(not right)


if __name__ == "__main__":
    main()
