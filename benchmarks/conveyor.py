"""What it costs that trials stop early and leave their lane to the next one.

    python -m benchmarks.conveyor [--quick] [NAME]...

Each sweep of XOR trainings, 3-4-1, with `stop = true` is set against one without: as many trials, all of which run for
the mean of the epochs that those ran, so that drawing, storing and tabling cost the same. Kernels are given the chunks
that a sweep is cut into, and timed by the time of their processor; whole sweeps are timed by the clock. The last column
sets the kernels against trainings of all epochs without a stop, per epoch, over which drawing hardly counts. Everything
is timed in turns within one run; what is printed are medians of ratios pair by pair. --quick does very little, to see
that it runs.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import described
from benchmarks.throughput import ratio, seconds, turns
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.sweeping.run import Run, run

TRIALS, FULL = 20_000, 2_000
CASES: dict[str, dict[str, Any]] = {
    "weights from U[-3, 3)": {"init": {"low": -3.0, "high": 3.0}},
    "three hidden units": {"network": {"hidden": 3}},
    "learning rate 5": {"training": {"learning_rate": 5.0}},
    "weights from U[-3, 3), float32": {"init": {"low": -3.0, "high": 3.0}, "training": {"precision": "float32"}},
    "weights from U[-3, 3), 15,000 epochs": {"init": {"low": -3.0, "high": 3.0}, "training": {"epochs": 15_000}},
}


def experiment(case: dict[str, Any], trials: int, stop: bool, **training: int) -> dict[str, Any]:
    """The experiment of a case over so many seeds."""
    return {
        "name": "conveyor",
        "task": "xor-constant",
        **case,
        "training": {**case.get("training", {}), **training},
        "convergence": {"stop": stop},
        "sweep": {"seeds": trials},
    }


def works(content: dict[str, Any]) -> list[engine.Work]:
    """The work of a sweep, cut as a sweep is cut."""
    laid_out = plan(read(content))
    return [engine.work(laid_out, chunk) for chunk in chunks(laid_out)]


def trained(some: list[engine.Work]) -> float:
    """Seconds of the processor that it takes, drawing included."""
    start = time.thread_time()
    for work in some:
        engine.compute(work)
    return time.thread_time() - start


def swept(content: dict[str, Any], jobs: int) -> float:
    """Seconds of a whole sweep."""
    with tempfile.TemporaryDirectory() as folder:
        how = Run(Path(folder) / "conveyor", jobs, "threads", "csv")
        return seconds(lambda: run(read(content), how, lambda *_: None))


def measured(case: dict[str, Any], trials: int, full: int, rounds: int) -> list[str]:
    """The cells of a case's row."""
    stopping = experiment(case, trials, True)
    found = [engine.compute(work) for work in works(stopping)]
    epochs = sum(int(part["epochs_run"].sum()) for part in found) / trials
    never = sum(int((part["epochs_to_convergence"] < 0).sum()) for part in found) / trials
    even = experiment(case, trials, False, epochs=round(epochs))
    longest, all_epochs = read(stopping).training.epochs, works(experiment(case, full, False))
    stopped, same = works(stopping), works(even)
    figures = turns(
        rounds,
        stopped=lambda: trained(stopped) / epochs,
        same=lambda: trained(same) / round(epochs),
        full=lambda: trained(all_epochs) / longest * trials / full,
        stopped_1=lambda: swept(stopping, 1),
        same_1=lambda: swept(even, 1),
        stopped_2=lambda: swept(stopping, 2),
        same_2=lambda: swept(even, 2),
    )
    pairs = [("stopped", "same"), ("stopped_1", "same_1"), ("stopped_2", "same_2"), ("stopped", "full")]
    ratios = [f"{ratio(figures[one], figures[other]):.2f}" for one, other in pairs]
    return [f"{epochs:,.0f}", f"{never:.1%}", *ratios]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    trials, full, rounds, cases = (200, 100, 1, 1) if options.quick else (TRIALS, FULL, 7, len(CASES))
    print(f"{described()}\n\n{trials:,} trials with a stop, over as many of the same epochs without one:\n")
    print("| | epochs | never stop | kernels | sweep, 1 job | sweep, 2 jobs | kernels over full trainings |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in options.names or list(CASES)[:cases]:
        print(f"| {name} | {' | '.join(measured(CASES[name], trials, full, rounds))} |", flush=True)


if __name__ == "__main__":
    main()
