"""Seedsweep: its kernel on one core, and a whole sweep end to end on all of them."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.peers.work import Peer, Trained, Weights, clock, notebook_outputs
from benchmarks.throughput import pieces, unit
from runner import load
from runner.experiment.reading import read
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.sweeping.run import Run, run


@cache
def _work(trials: int, epochs: int, precision: str) -> engine.Work:
    experiment = unit(trials, epochs)
    experiment["training"]["precision"] = precision
    return pieces(plan(read(experiment | {"record": {"weights": True}})), trials)[0]


def kernel(initial: Weights, epochs: int, cores: int, precision: str) -> Trained:  # noqa: ARG001 - one core
    """Draw and train, as the sweep does for a chunk."""
    work = _work(len(initial), epochs, precision)
    with clock() as trained:
        columns = engine.compute(work)
    assert columns is not None
    trained.weights = columns["weights"]
    return trained


def sweep(initial: Weights, epochs: int, cores: int, precision: str) -> Trained:
    """Everything from the experiment to its tables on disk; its outputs are what is checked."""
    experiment = unit(len(initial), epochs)
    experiment["training"]["precision"] = precision
    with tempfile.TemporaryDirectory() as folder:
        how = Run(Path(folder) / "unit", cores, "threads", "csv")
        with clock() as trained:
            run(read(experiment), how, lambda *_: None)
        trials = load(how.folder).trials
    trained.weights = np.array(trials[[f"output_{sample}" for sample in range(4)]])
    return trained


KERNELS = [
    Peer("the kernel", precision, "draws and trains", kernel, lambda _: [{"batch": 4096}])
    for precision in ("float64", "float32")
]
SWEEPS = [
    Peer(
        "a sweep, end to end",
        precision,
        "drawn, trained, stored, tabled, summarised",
        sweep,
        lambda _: [{"batch": 100_000}],
        reference=notebook_outputs,
        in_full=True,
    )
    for precision in ("float64", "float32")
]
