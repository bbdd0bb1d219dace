"""Where a sweep of a thousand million trials breaks first: a small simulation of a cluster, fed with measured costs.

    python -m benchmarks.scale [--quick] [--network BYTES_A_SECOND]

The costs are CPU seconds of this machine, measured in the same run. With Dask, chunks go through the stations of
benchmarks.cluster: the scheduler, one of many workers, the network, and the client, which cuts the plan, stores chunks
and writes the tables. Shards have no scheduler and no client: merging reads their chunks one after another. The cost of
a task is measured where Dask is installed. --quick measures and simulates very little, to see that it runs.
"""

import argparse
import importlib.util
import itertools
import pickle
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.cluster import Costs, simulated, stations
from benchmarks.machine import described
from runner.estimating.training import timed, used
from runner.experiment.reading import read
from runner.planning.chunks import Chunk, chunks
from runner.planning.plan import Plan, plan
from runner.sweeping import engine
from runner.sweeping.backends import Backend, workers
from runner.sweeping.store import Columns, Store
from runner.tables.assembly import Assembly

TRIALS = 1_000_000_000
ROWS = 150_000  # that are tabled
SHARDS = 16, 128, 2048
DASK_TASK = 0.001  # seconds: "Each task suffers about 1ms of overhead", https://distributed.dask.org/en/stable/
NETWORK = 125e6  # bytes a second: 1 Gbit/s


def experiment(epochs: int) -> Plan:
    """The plan of a thousand million XOR trainings."""
    seeds = {"first": TRIALS, "count": TRIALS}
    return plan(
        read({"name": "scale", "task": "xor-constant", "training": {"epochs": epochs}, "sweep": {"seeds": seeds}})
    )


def measured(epochs: int, count: int) -> Costs:
    """What a chunk costs, the mean of so many; as many more as make some rows of a table repeat what is in these."""
    laid_out, works, results, texts = experiment(epochs), list[engine.Work](), list[Columns](), list[bytes]()
    size = len(next(chunks(laid_out)).trials)
    several = max(count, ROWS // size + 1)
    pieces = list[Chunk]()
    cut = used(lambda: pieces.extend(itertools.islice(chunks(laid_out), several)))
    looked_up = used(lambda: works.extend(engine.work(laid_out, chunk) for chunk in pieces[:count]))
    engine.compute(works[0])  # compiled, or loaded
    trained = used(lambda: results.extend(engine.compute(work) or {} for work in works))
    pickled = used(lambda: texts.extend(pickle.dumps(columns) for columns in results))
    with tempfile.TemporaryDirectory() as folder:
        store, put = Store(Path(folder), "scale"), list[float]()
        store.create()
        for chunk, columns in zip(pieces, itertools.cycle(results), strict=False):
            put.append(timed(partial(store.put, chunk.number, chunk.trials, columns)))
        kept = sum(path.stat().st_size for path in Path(folder).rglob("chunk-*"))
        checked = used(lambda: [store.has(chunk.number) for chunk in pieces])
        assembly, table = Assembly(laid_out, store, "csv"), store.unfinished / "trials.csv"
        rest = iter(pieces)
        while table.stat().st_size < 2**20:  # the first rows take longer
            assembly.add(next(rest).stub)
        before = len(table.read_bytes())
        tabled = used(lambda: [assembly.add(chunk.stub) for chunk in rest])
        assembly.abandon()
        text = table.read_bytes()
    rows = text.count(b"\n") - 1
    digits = sum(len(str(number)) for number in range(rows)) / rows
    return Costs(
        trials=size,
        worker=(trained + pickled) / count,
        cut=cut / several,
        found=looked_up / count,
        put=min(put),  # by the clock, as it waits for the disk; the least, as it waits for other work as well
        tabled=tabled / (len(text) - before) * len(text) / rows * size,
        checked=checked / several,
        sent=sum(map(len, texts)) // count,
        kept=kept // several,
        rows=len(text) / rows + len(str(TRIALS - 1)) - digits,
    )


def task_seconds(backend: Backend, count: int) -> float:
    """CPU seconds of this process for handing a task without content to one of two workers."""
    with workers(backend, 2) as pool:
        list(pool.results([int] * 2))
        return used(lambda: list(pool.results([int] * count))) / count


def dask_task_seconds(count: int) -> float:
    """The same with Dask, whose scheduler is in this process, too."""
    from runner.sweeping.dask_workers import dask_workers

    with dask_workers(2, None) as pool:
        list(pool.results([int] * 2))
        return used(lambda: list(pool.results([int] * count))) / count


def print_costs(of: dict[int, Costs]) -> None:
    """What a chunk costs, for each number of epochs."""
    milliseconds = {
        "worker": "drawing and training it",
        "cut": "cutting it out of the plan, once",
        "found": "looking up what it is made of",
        "put": "storing it",
        "tabled": "tabling it",
        "checked": "seeing that it is whole",
    }
    rows = [["trials", *(f"{costs.trials:,}" for costs in of.values())]]
    for name, words in milliseconds.items():
        rows.append([f"{words}, ms", *(f"{1e3 * getattr(costs, name):,.2f}" for costs in of.values())])
    rows.append(["sent to the client, MB", *(f"{costs.sent / 1e6:.2f}" for costs in of.values())])
    rows.append(["bytes a trial in the store", *(f"{costs.kept / costs.trials:.0f}" for costs in of.values())])
    rows.append(["bytes a trial in trials.csv", *(f"{costs.rows:.0f}" for costs in of.values())])
    rows.append(["trials tabled a second", *(f"{costs.trials / costs.tabled:,.0f}" for costs in of.values())])
    print(f"\nA chunk of XOR trainings, 3-4-1, float64, of a sweep of {TRIALS:,}:\n")
    table(["", *(f"{epochs:,} epoch{'s' * (epochs > 1)}" for epochs in of)], rows)


def print_stations(of: dict[int, Costs], task: float, network: float) -> None:
    """How many cores keep the stations busy."""
    rows = []
    for epochs, costs in of.items():
        cores = stations(costs, task, network).values()
        rows.append([f"{epochs:,}", *(f"{number:,.{int(number < 9.95)}f}" for number in cores)])
    print("\nCores that keep each of the stations busy that serve one chunk at a time:\n")
    table(["epochs", "the scheduler", "the network", "the client"], rows)


def print_dask(of: dict[int, Costs], task: float, network: float, cores: tuple[int, ...]) -> None:
    """What comes out of the simulation."""
    rows = []
    for epochs, costs in of.items():
        for number in cores:
            found = simulated(costs, number, task, network, max(40 * number, 4000))
            held = found.held * costs.sent / 1e6
            words = f"{found.rate:,.0f}", f"{TRIALS / found.rate / 3600:,.1f}", f"{found.busy:.0%}", f"{held:,.0f}"
            rows.append([f"{epochs:,}", f"{number:,}", *words])
    print(f"\n{TRIALS:,} trials with Dask, simulated:\n")
    table(["epochs", "cores", "trials a second", "hours", "cores at work", "MB that wait in the client"], rows)


def print_shards(of: dict[int, Costs]) -> None:
    """What shards and their merging take."""
    rows = []
    for epochs, costs in of.items():
        pieces = TRIALS / costs.trials
        hours = [seconds / 3600 for seconds in (*(costs.shard(pieces, n) for n in SHARDS), pieces * costs.merged)]
        sizes = TRIALS * costs.kept / costs.trials / 1e9, TRIALS * costs.rows / 1e9
        rows.append(
            [
                f"{epochs:,}",
                *(f"{h:,.1f}" for h in hours),
                f"{pieces:,.0f}",
                *(f"{gigabytes:,.0f}" for gigabytes in sizes),
            ]
        )
    names = ["epochs", *(f"hours of {n:,}" for n in SHARDS), "to merge", "chunks", "GB of them", "GB of trials.csv"]
    print(f"\n{TRIALS:,} trials in shards, a core each, and merged on one machine:\n")
    table(names, rows)


def main() -> None:
    """Measure, simulate, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--network", type=float, default=NETWORK)
    options = parser.parse_args()
    quick, network = options.quick, options.network
    of = {epochs: measured(epochs, 2 if quick else 5) for epochs in ((1, 20) if quick else (1, 1500, 50_000))}
    count = 50 if quick else 1000
    threads, processes = task_seconds("threads", count), task_seconds("processes", count)
    here = importlib.util.find_spec("distributed") is not None
    task = dask_task_seconds(count) if here else DASK_TASK

    print(described())
    print_costs(of)
    print(
        f"\nA task without content costs the process that hands it out {1e3 * threads:.2f} ms with threads, "
        f"{1e3 * processes:.2f} ms with processes, and with Dask {1e3 * task:.2f} ms "
        f"({'measured' if here else 'the figure of its documentation'}). The network: {network / 1e6:,.0f} MB a second."
    )
    print_stations(of, task, network)
    print_dask(of, task, network, (2, 16) if quick else (8, 32, 128, 512, 2048))
    print_shards(of)


def table(names: list[str], rows: list[list[str]]) -> None:
    """Print a markdown table."""
    print(f"| {' | '.join(names)} |\n|---|{'---:|' * (len(names) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
