"""Sweeps run in this process and in others, and what the tests compare of them."""

import hashlib
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from runner.experiment.reading import read
from runner.sweeping import engine
from runner.sweeping.progress import Say, unheard
from runner.sweeping.run import Run, run

ROOT = Path(__file__).parents[2]

# A union in which shapes mix in every window: the last axis is hidden, and some trials stand in both grids.
MIXED: dict[str, Any] = {
    "name": "mixed",
    "task": "xor-constant",
    "training": {"epochs": 30},
    "convergence": {"threshold": 0.25},
    "record": {"weights": True, "curve": [0, 5, 30], "probes": [[0.5, 0.5, 1.0]]},
    "sweep": [
        {
            "seeds": 20,
            "momentum": [0.0, 0.5],
            "precision": ["float64", "float32"],
            "update": ["batch", "online"],
            "hidden": [2, 3],
        },
        {"seeds": {"first": 10, "count": 20}, "momentum": [0.5], "learning_rate": [0.3, 1.0], "hidden": [3, 1]},
    ],
}
ONE_SHAPE: dict[str, Any] = {"name": "one", "task": "xor", "training": {"epochs": 2000}, "sweep": {"seeds": 4000}}


def swept(content: dict[str, Any], results: Path, say: Say = unheard, **how: Any) -> Path:
    """Run a sweep in this process; its folder."""
    experiment = read(content)
    options = {"jobs": 1, "backend": "threads", "format": "csv", **how}
    run(experiment, Run(results / experiment.name, **options), lambda *_: None, say)
    return results / experiment.name


def interrupted(content: dict[str, Any], results: Path, monkeypatch: Any, most: int, **how: Any) -> "Counted":
    """Run a sweep that ends after so many chunks; what it computed."""
    with monkeypatch.context() as patched:
        counted = Counted(patched, most)
        with pytest.raises(KeyboardInterrupt):
            swept(content, results, **how)
    return counted


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every table in a results folder."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix in {".csv", ".npz", ".parquet"})
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def written(content: dict[str, Any], folder: Path) -> Path:
    """An experiment as a file."""
    path = folder / f"{content['name']}.toml"
    path.write_text(tomli_w.dumps(content))
    return path


class Counted:
    """Counts the chunks and trials that are computed, and ends a sweep before it computes more than so many chunks."""

    def __init__(self, monkeypatch: Any, most: float = float("inf")) -> None:
        self.numbers: list[int] = []
        self.trials = 0
        compute = engine.compute

        def counted(work: engine.Work, cancel: Any = None) -> Any:
            if len(self.numbers) >= most:
                raise KeyboardInterrupt
            self.numbers.append(work.number)
            self.trials += len(work.seeds)
            return compute(work, cancel)

        monkeypatch.setattr(engine, "compute", counted)


def arguments(*words: object) -> list[str]:
    """The command line of a command."""
    return [sys.executable, "-m", "runner", *map(str, words)]


def command(*words: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command as a user would, and wait for its end."""
    return subprocess.run(
        arguments(*words), **{"cwd": ROOT, "capture_output": True, "text": True, "timeout": 120, **options}
    )


def environment(**variables: object) -> dict[str, str]:
    """This process's environment with some variables set."""
    return {**os.environ, **{name: str(value) for name, value in variables.items()}}


def one_sentence(text: str) -> str:
    """What a command says where it fails: one line, and no traceback."""
    (line,) = text.splitlines()
    assert line.startswith(("error: ", "stopped: ", "does not hold: "))
    return line


def chunk_files(results: Path) -> set[Path]:
    """The finished chunks in a folder of results, where a sweep may be clearing them away."""
    with suppress(FileNotFoundError):
        return {*results.rglob("chunk-*.npz")}
    return set()


def soon(condition: Any, seconds: float = 60) -> Any:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found
