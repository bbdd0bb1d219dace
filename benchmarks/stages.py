"""Where the processor time of a whole sweep goes: drawn, trained and answered, stored, tabled.

    python -m benchmarks.stages [--quick]

One job; each stage is timed by itself in the same process, on the same chunks, and the whole sweep after them. A row
says what a trial costs, and its share of the sweep. Processor time counts all threads: with one job the tables are
written beside the training. --quick does very little, to see that it runs.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import described
from benchmarks.throughput import end_to_end, unit
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.sweeping.store import Store


def processor_seconds(work: Callable[[], object]) -> float:
    """What a call costs, in all threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


def stages(trials: int, epochs: int) -> dict[str, float]:
    """Processor seconds of each stage of a sweep of so many trials."""
    laid_out = plan(read(unit(trials, epochs)))
    found = {"planned and cut": processor_seconds(lambda: list(chunks(laid_out)))}
    pieces = list(chunks(laid_out))
    works = [engine.work(laid_out, chunk) for chunk in pieces]
    found["drawn"] = processor_seconds(lambda: [engine.initial_weights(work) for work in works])
    columns = []
    both = processor_seconds(lambda: columns.extend(engine.compute(work) for work in works))
    found["trained and answered"] = both - found["drawn"]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), "0" * 64)
        store.create()
        outcomes = zip(pieces, columns, strict=True)
        found["stored"] = processor_seconds(
            lambda: [store.put(chunk.number, chunk.trials, each) for chunk, each in outcomes if each is not None]
        )
    whole = processor_seconds(lambda: end_to_end(trials, 1, epochs))
    found["read back, tabled, summarised, hashed"] = whole - sum(found.values())
    return found | {"the whole sweep": whole}


def main() -> None:
    """Measure short and long trainings, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sizes = {10: 2_000, 1500: 200} if quick else {10: 1_000_000, 1500: 200_000}
    end_to_end(1_000, 1, 10)  # loads and compiles what all of them need
    tables = {epochs: stages(trials, epochs) for epochs, trials in sizes.items()}
    print(f"{described()}\n\nProcessor time of a 3-4-1 training from seed to table, one job:\n")
    print("| |" + "".join(f" {epochs:,} epochs, microseconds | share |" for epochs in sizes))
    print("|---|" + "---:|---:|" * len(sizes))
    for stage in next(iter(tables.values())):
        row = f"| {stage} |"
        for epochs, trials in sizes.items():
            cost, whole = tables[epochs][stage], tables[epochs]["the whole sweep"]
            row += f" {cost / trials * 1e6:.2f} | {cost / whole:.0%} |"
        print(row)


if __name__ == "__main__":
    main()
