"""The project against what a user would pick instead, on the same work, in one run.

    pip install -c constraints.txt -e '.[bench]'
    python -m benchmarks.peers [--quick] [--only one-core|all-cores|shapes]

The unit is one XOR training: 3-4-1, 1500 epochs, from the weights that the document's code draws after
np.random.seed(s). Every peer is held against the document's own code (scikit-learn against its own rule), tuned, and
then timed in turns with all others; a table prints medians, and medians of ratios pair by pair. What is not installed
is skipped, and its row says so. Peers are timed for training alone; our kernel draws the weights too, and a sweep
writes its tables. On one core the time is the CPU's, so that other programs do not count. --quick does very little, to
see that it runs.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.machine import described
from benchmarks.peers import work

TITLES = {
    "one-core": "One training (3-4-1, {epochs:,} epochs), one core:",
    "all-cores": "All {cores} cores; ours is a whole sweep of {trials:,} with its tables, the others only train:",
    "shapes": "Other shapes, one core, float64: nanoseconds a weight, sample and epoch (times as long in JAX, which):",
}


def environment(table: str, cores: int) -> dict[str, str]:
    """The variables that libraries read as they start: one thread each, or a device of JAX for every core."""
    if table == "all-cores":
        flags = {"XLA_FLAGS": f"--xla_force_host_platform_device_count={cores}"}
    else:
        flags = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        flags["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {**os.environ, "JAX_PLATFORMS": "cpu", **flags}


def measure(table: str, quick: bool, cores: int) -> None:
    """Print the rows of a table; runs in a process of its own, pinned to one core where the table is of one."""
    if table != "all-cores":
        work.timer = time.process_time
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from benchmarks.peers import measuring, registry, shapes

    effort = measuring.Effort(1, 20, quick=True) if quick else measuring.Effort(5 if table == "one-core" else 3)
    if table == "one-core":
        rows = measuring.table(registry.ONE_CORE, "the kernel", 1, effort)
    elif table == "all-cores":
        rows = measuring.table(registry.ALL_CORES, "a sweep, end to end", cores, effort)
    else:
        rows = shapes.table(quick)
    print("\n".join(rows))


def main() -> None:
    """Print all tables, each measured by a process that was started for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=TITLES)
    parser.add_argument("--table", choices=TITLES, help=argparse.SUPPRESS)
    parser.add_argument("--cores", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.table:
        measure(options.table, options.quick, options.cores)
        return

    from benchmarks.peers import registry
    from runner.sweeping.run import default_jobs

    cores = default_jobs()
    print(f"{described()}; {registry.versions()}")
    for table in [options.only] if options.only else TITLES:
        epochs, trials = (20, 512) if options.quick else (work.EPOCHS, 100_000)
        print("\n" + TITLES[table].format(epochs=epochs, cores=cores, trials=trials) + "\n", flush=True)
        again = [sys.executable, "-m", "benchmarks.peers", "--table", table, "--cores", str(cores)]
        done = subprocess.run(
            again + ["--quick"] * options.quick, env=environment(table, cores), cwd=Path(__file__).parents[2]
        )
        if done.returncode:
            raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
