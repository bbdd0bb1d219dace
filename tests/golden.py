"""SHA-256 of trials.csv for a small sweep of each shipped experiment, in float64 and float32.

    python -m tests.golden [--backend NAME] [--jobs N] [--width LANES] [EXPERIMENT]...

prints them, one a line, as golden.toml beside this file holds them. They are the same on every machine and for every
way of compiling and running; they change where the arithmetic, a recipe or the table's format is meant to change.
"""

import argparse
import hashlib
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from runner.experiment.reading import read
from runner.sweeping import kernel_cache
from runner.sweeping.run import Run, run

EXPERIMENTS = ("xor", "xor_no_constant", "patterns", "exam", "gender")
PRECISIONS = ("float64", "float32")
# 65 seeds are one more than lanes run side by side.
SMALL = {
    "xor": ["sweep.hidden=[2, 4]", "training.epochs=200"],
    "xor_no_constant": ["sweep.hidden=[2, 4]", "training.epochs=200"],
    "patterns": ["sweep.epochs=[1, 40]"],
    "exam": ["sweep.hidden=[2, 4]", "training.epochs=200"],
    "gender": ["sweep.hidden=[1, 2]", "training.epochs=200"],
}


def golden() -> dict[str, str]:
    """The digests as committed, by experiment and precision."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def digest(experiment: str, precision: str, folder: Path, **how: Any) -> str:
    """The digest of one small sweep, run into a folder of its own."""
    overrides = [*SMALL[experiment], "sweep.seeds=65", f"training.precision={precision}"]
    options = {"jobs": 2, "backend": "threads", "format": "csv", **how}
    run(read(experiment, overrides), Run(folder / precision, **options), lambda *_: None)
    return hashlib.sha256((folder / precision / "trials.csv").read_bytes()).hexdigest()


def main() -> None:
    """Print every digest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="all of them unless named")
    parser.add_argument("--backend", default="threads")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--width", type=int, help="lanes of a group of float64; float32 has twice as many, up to 64")
    options = parser.parse_args()
    if options.width:
        memory: Any = kernel_cache.module("memory")
        memory.FLOAT64 = memory.LaneKind(memory.FLOAT64.dtype.type, options.width)
        memory.FLOAT32 = memory.LaneKind(memory.FLOAT32.dtype.type, min(2 * options.width, 64))
    for experiment in options.experiments or EXPERIMENTS:
        for precision in PRECISIONS:
            with tempfile.TemporaryDirectory() as folder:
                found = digest(experiment, precision, Path(folder), backend=options.backend, jobs=options.jobs)
            sys.stdout.write(f'{experiment}-{precision} = "{found}"\n')
            sys.stdout.flush()


if __name__ == "__main__":
    main()
