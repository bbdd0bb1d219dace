"""How long training takes on this machine: measured on some trials of a sweep, for each of its network shapes."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from runner.estimating.groups import Group
from runner.estimating.miniature import shortened
from runner.planning.chunks import Chunk
from runner.planning.plan import Plan
from runner.sweeping import engine, kernel_cache

_CALL = 0.01  # seconds of a call that is timed
_TOGETHER = 0.3  # for all shapes: while all jobs make such calls side by side
_PATIENCE = 4  # times as long as that by the clock, where the machine has other work
_STOPPING = 0.5  # for all shapes: to see when trials stop


@dataclass(frozen=True)
class Training:
    """CPU seconds of a chunk, of each of its trials, and of each epoch of `lanes` of them side by side.

    `stopped` has the epochs that each of some trials ran, where trials may stop. `slowness` is how many times as long
    it takes by the clock, with all jobs at work.
    """

    chunk: float
    trial: float
    epoch: float
    lanes: int
    stopped: NDArray[np.int64] | None
    slowness: float


def load(laid_out: Plan, measured: list[Group]) -> tuple[float, float]:
    """CPU seconds of loading the kernels for these shapes, and of compiling those that were not in their cache yet."""
    loading, compiling = used(lambda: kernel_cache.module("training")), 0.0
    for group in measured:
        missed, taken = _missed(), used(_training(laid_out, group, 1, 0))
        if _missed() > missed:
            compiling += taken
        else:
            loading += taken
    return loading, compiling


def _missed() -> int:
    streams = kernel_cache.module("streams")
    train, advance = kernel_cache.module("training").train, kernel_cache.module("epochs").advance
    kernels = (train, advance, streams.draw_uniform, streams.draw_normal)
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)


def training_costs(laid_out: Plan, measured: list[Group], jobs: int) -> list[Training]:
    """Train some trials of each shape, on as many threads at once as there are jobs; when they stop is not watched."""
    return [_costs(laid_out, group, jobs, 1 / len(measured)) for group in measured]


def least_costs(measured: list[Group], rounds: Sequence[Sequence[Training]]) -> list[Training]:
    """Of each shape, what it cost in the round in which it cost least: what disturbs one only makes it longer."""

    def of_chunk(group: Group, of: Training) -> float:
        return of.chunk + group.size * (of.trial + float(group.epochs.mean()) * of.epoch / of.lanes)

    return [
        min(of, key=partial(of_chunk, group)) for group, of in zip(measured, zip(*rounds, strict=True), strict=True)
    ]


def watched(laid_out: Plan, measured: list[Group], costs: Sequence[Training]) -> list[Training]:
    """The same costs with the epochs that some trials run, where they may stop."""
    return [
        replace(of, stopped=_stopped(laid_out, group, of.lanes, of.epoch, _STOPPING / len(measured)))
        if group.shape.stop
        else of
        for group, of in zip(measured, costs, strict=True)
    ]


def _costs(laid_out: Plan, group: Group, jobs: int, share: float) -> Training:
    lanes = engine.lanes(_work(laid_out, group, 1))
    longest, least = math.ceil(group.epochs.mean()), min(group.size, lanes)
    probed = min(longest, 16)
    epoch = _least(_training(laid_out, group, least, probed)) / (probed + 1)
    for _ in range(3):
        count = int(min(group.size, max(least, _CALL / epoch / (longest + 1) // 1 * lanes)))
        rounds = math.ceil(count / lanes)
        drawn = _least(_training(laid_out, group, count, 0))
        # Long enough for the epochs to stand out from the drawing, which is most of it in a large network.
        wanted = max(_CALL, 3 * drawn)
        epochs = int(min(longest, max(1, wanted / epoch / rounds)))
        seconds = max(4 * wanted, _TOGETHER * share)
        together, slowness = _together(_training(laid_out, group, count, epochs), jobs, seconds)
        if together - drawn > wanted / 3 or (count, epochs) == (group.size, longest):
            break
        epoch = max(together - drawn, together / 10) / (rounds * max(epochs, 1))
    one = _least(_training(laid_out, group, 1, 0))
    # An epoch takes as long with one lane at work as with all of them.
    epoch = max(together - drawn, 0.0) / (rounds * max(epochs, 1))
    trial = max((drawn if epochs else together) - one, 0.0) / max(count - 1, 1)
    return Training(one, trial, epoch, lanes, None, slowness)


def _stopped(laid_out: Plan, group: Group, lanes: int, epoch: float, seconds: float) -> NDArray[np.int64]:
    """The epochs that trials run; one that takes too long to watch counts as if it never stopped."""
    count, longest, found = 4 * lanes, math.ceil(group.epochs.mean()), list[NDArray[np.int64]]()
    watched, start = int(min(longest, max(1, seconds / (4 * max(epoch, 1e-9))))), time.perf_counter()
    while not found or (time.perf_counter() - start < seconds and len(found) * count < len(group.trials)):
        work = _work(laid_out, group, count, len(found) * count)
        columns = engine.compute(replace(shortened(work, watched), shape=group.shape))
        assert columns is not None
        still = (columns["epochs_run"] == watched) & ~columns["holds_at_end"]
        found.append(np.where(still, longest, columns["epochs_run"]))
    return np.concatenate(found)


def _training(laid_out: Plan, group: Group, count: int, epochs: int) -> Callable[[], object]:
    work = shortened(_work(laid_out, group, count), epochs)
    return lambda: engine.compute(work)


def _work(laid_out: Plan, group: Group, count: int, first: int = 0) -> engine.Work:
    trials = np.resize(np.roll(group.trials, -first), count)
    return engine.work(laid_out, Chunk(0, 0, group.shape, trials, 0.0))


def timed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def used(work: Callable[[], object]) -> float:
    """Seconds of the CPU that a call takes, where nothing else goes on in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _least(work: Callable[[], object]) -> float:
    """CPU seconds of a short call, the least of some: what disturbs one only makes it longer."""
    work()
    return min(used(work) for _ in range(3))


def _together(work: Callable[[], object], jobs: int, seconds: float) -> tuple[float, float]:
    """Let each job make one call after another: CPU seconds of a call, and how many times as long it is by the clock.

    Of the CPU, as what else runs on the machine in so short a time says little of the time of a sweep. Both are
    medians, which show other work that is always there, and not what came up for a moment.
    """

    def repeated(_: int) -> list[tuple[float, float]]:
        work()
        calls, begun = list[tuple[float, float]](), time.perf_counter()
        while sum(used for _, used in calls) < seconds and time.perf_counter() - begun < _PATIENCE * seconds:
            clock, cpu = time.perf_counter(), time.thread_time()
            work()
            calls.append((time.perf_counter() - clock, time.thread_time() - cpu))
        return calls

    with ThreadPoolExecutor(jobs) as pool:
        calls = [call for of_job in pool.map(repeated, range(jobs)) for call in of_job]
    slowness = statistics.median(elapsed / max(used, 1e-9) for elapsed, used in calls)
    return statistics.median(used for _, used in calls), slowness
