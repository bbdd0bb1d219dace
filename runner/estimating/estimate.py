"""How long a sweep will take and how much disk: what was measured of its pieces, put together."""

import heapq
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from runner.estimating.groups import Group, groups, worth_measuring
from runner.estimating.miniature import numbers_a_trial, thinned
from runner.estimating.tables import TableCosts, disk_rate, one_trial, start_costs, table_costs
from runner.estimating.training import Training, least_costs, load, training_costs, watched
from runner.experiment.spec import Experiment
from runner.planning.plan import plan
from runner.sweeping.backends import Backend
from runner.sweeping.run import Format, default_jobs

_WINDOW = 16_384  # rows that are tabled at a time
_ENDING = 0.3  # of the time that a program takes to load all that it needs, it takes to be rid of it
_PIECES = 10_000  # that are handed to jobs one by one; of more of them, what is left over at the end does not count


@dataclass(frozen=True)
class Estimate:
    """Seconds and bytes of a whole sweep.

    Where trials may stop, `seconds` is what they take if none does, `stopping` if they do so as those that were
    `watched`. `slowdown` is by what else runs on the machine, all the time; with what came and went while it was
    measured, it would be `longest` seconds. `cpu` are the seconds of all jobs together. Kernels that were not kept yet
    were `compiled` in so many seconds.
    """

    jobs: int
    seconds: float
    longest: float
    stopping: float | None
    watched: int
    slowdown: float
    cpu: float
    running_bytes: float
    final_bytes: float
    compiled: float
    calibrated: float


@dataclass(frozen=True)
class Measured:
    """What a sweep consists of, and what was measured of it; seconds are of the CPU, but those of `one` and `task`."""

    groups: list[Group]
    training: list[Training]  # of each group
    tables: TableCosts
    begun: float  # of the program, before there is a sweep
    loading: float
    one: float  # of a sweep of one trial
    task: float  # of a job, to be handed a chunk of one trial, train and keep it
    cutting: float  # a trial
    slowness: float  # seconds by the clock for one of the CPU, with all jobs at work, the least of some rounds
    slowest: float  # the most of them
    disk: float  # bytes a second


def estimate(experiment: Experiment, jobs: int, backend: Backend, table_format: Format, begun: float = 0.0) -> Estimate:
    """Measure on this machine, for some seconds, and say what the sweep will take; writes into temporary folders.

    `begun` are CPU seconds that the program took to get here, which a sweep takes as well.
    """
    clock, laid_out, thin = time.perf_counter(), plan(experiment), plan(thinned(experiment))
    longer = len(experiment.task.inputs) / len(thin.experiment.task.inputs)
    wider = numbers_a_trial(experiment) / numbers_a_trial(thin.experiment)

    found, cutting = groups(laid_out)
    chosen = worth_measuring(found)
    loading, compiled = load(thin, chosen)
    # Everything is measured in rounds, in turns: what else the machine does for a second disturbs one of them.
    rounds = [training_costs(thin, chosen, jobs)]
    starts = [start_costs(thin, jobs, backend, table_format)]
    rounds.append(training_costs(thin, chosen, jobs))
    costs = watched(thin, chosen, least_costs(chosen, rounds))
    training = [_interpolated(group, chosen, costs, longer) for group in found]
    trials, pieces = laid_out.trials, sum(group.chunks for group in found)
    epochs = math.fsum(group.epochs.mean() * group.count for group in found) / trials
    seconds = math.fsum(_trained(group, of) * group.chunks for group, of in zip(found, training, strict=True)) / trials
    epoch = math.fsum(of.epoch / of.lanes * group.count for group, of in zip(found, training, strict=True)) / trials
    tables = table_costs(
        thin, pieces, epochs, max(seconds - epochs * epoch, 0.0) / longer, epoch / longer, table_format
    )
    starts.append(start_costs(thin, jobs, backend, table_format))
    slowness = [
        statistics.median(of.slowness for of in costs) for costs in (*rounds, training_costs(thin, chosen, jobs))
    ]
    one, task = one_trial(starts, backend), min(start.task for start in starts)
    # Processes load kernels within what a sweep of one trial takes.
    loading = loading if backend == "threads" else 0.0
    measured = Measured(
        *(found, training, tables.wider(wider), begun, loading, one, task, cutting),
        *(min(slowness), max(slowness), disk_rate()),
    )
    return put_together(measured, jobs, max(default_jobs(), 1), compiled, time.perf_counter() - clock - compiled)


def put_together(of: Measured, jobs: int, cores: int, compiled: float = 0.0, calibrated: float = 0.0) -> Estimate:
    """The estimate that follows from what was measured with so many jobs on so many cores."""
    tables, trials, pieces = (
        of.tables,
        sum(group.count for group in of.groups),
        sum(group.chunks for group in of.groups),
    )
    slowdown, most = (max(slowness / max(jobs / cores, 1.0), 1.0) for slowness in (of.slowness, of.slowest))
    handed_out = max(of.task / of.slowness - of.training[0].chunk, 0.0)
    kept = tables.kept.more + tables.kept_bytes.more / of.disk
    # The conductor cuts the plan meanwhile.
    tabled, published = tables.tabled.of(trials, pieces) + of.cutting * trials, tables.published.more * trials
    last = min(tabled, tables.tabled.more * (_WINDOW + trials / pieces))
    before = (1 + _ENDING) * of.begun + of.loading + tables.first
    final = tables.published_bytes.of(trials)

    def chunks(stop: bool) -> list[tuple[float, int]]:
        """CPU seconds of a chunk of each group, and how many there are."""
        return [
            (_trained(group, costs, stop) + handed_out + kept * group.size, group.chunks)
            for group, costs in zip(of.groups, of.training, strict=True)
        ]

    def seconds(stop: bool, slowdown: float) -> float:
        trained = _shared(chunks(stop), jobs) * max(jobs / cores, 1.0)
        # What is tabled while others are trained takes a core of its own, or its share of those that train.
        both = max((trained * min(jobs, cores) + tabled - last) / cores, trained)
        at_once = max(both + last, tabled)
        return of.one + (before + at_once + published) * slowdown + final / of.disk

    samples = {id(costs.stopped): costs.stopped for costs in of.training if costs.stopped is not None}
    watched = sum(map(len, samples.values()))
    unfinished = max(final, tables.unfinished_bytes.of(trials))
    return Estimate(
        jobs=jobs,
        seconds=seconds(False, slowdown),
        longest=seconds(False, most),
        stopping=seconds(True, slowdown) if watched else None,
        watched=watched,
        slowdown=slowdown,
        cpu=of.one + before + math.fsum(each * count for each, count in chunks(watched > 0)) + tabled + published,
        running_bytes=tables.kept_bytes.of(trials, pieces) + unfinished,
        final_bytes=final,
        compiled=compiled,
        calibrated=calibrated,
    )


def _interpolated(group: Group, chosen: list[Group], costs: list[Training], longer: float) -> Training:
    """What a group costs, between those of its variant that have fewer and more hidden units."""
    alike = {other.shape.hidden: of for other, of in zip(chosen, costs, strict=True) if other.variant == group.variant}
    hidden = sorted(alike)

    def between(part: Callable[[Training], float]) -> float:
        return float(np.interp(group.shape.hidden, hidden, [part(alike[units]) for units in hidden]))

    return replace(
        alike[min(hidden, key=lambda units: abs(units - group.shape.hidden))],
        chunk=between(lambda of: of.chunk),
        trial=between(lambda of: of.trial),
        epoch=between(lambda of: of.epoch) * longer,
    )


def _trained(group: Group, costs: Training, stop: bool = False) -> float:
    """CPU seconds of training a chunk of a group."""
    epochs = costs.stopped if stop and costs.stopped is not None else group.epochs
    return costs.chunk + group.size * costs.trial + side_by_side(epochs, group.size, costs.lanes) * costs.epoch


def side_by_side(epochs: NDArray[np.int64], trials: int, lanes: int) -> int:
    """Epochs that lanes make until so many such trials are done, each lane taking the next one when it is free."""
    if epochs.min() == epochs.max():
        return math.ceil(trials / lanes) * int(epochs[0])
    ends = [0] * min(lanes, trials)
    for each in np.random.default_rng(0).choice(epochs, trials).tolist():
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)


def _shared(pieces: Sequence[tuple[float, int]], jobs: int) -> float:
    """Seconds until jobs are through with pieces of work: (seconds, how many such pieces)."""
    if sum(count for _, count in pieces) > _PIECES:
        return math.fsum(seconds * count for seconds, count in pieces) / jobs
    ends = [0.0] * jobs
    for seconds, count in pieces:
        for _ in range(count):
            heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
