"""One chunk through the kernels: initial weights drawn, trials trained, outcomes returned as arrays."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import SWEEPABLE, Experiment, Skip
from runner.experiment.weight_axes import parsed
from runner.planning.chunks import Chunk, Shape
from runner.planning.plan import Plan
from runner.sweeping import kernel_cache

FACTOR: dict[str, Callable[[int], float]] = {  # of the gradient of half the squared error; the argument counts targets
    "sse": lambda _: 2.0,
    "half-sse": lambda _: 1.0,
    "mse": lambda count: 2.0 / count,
    "half-mse": lambda count: 1.0 / count,
}


@dataclass(frozen=True)
class Work:
    """A chunk with all that is needed to compute it, in any process."""

    experiment: Experiment
    number: int
    shape: Shape
    seeds: NDArray[np.int64]
    values: dict[str, NDArray[Any]]  # of each key that differs between trials


def work(plan: Plan, chunk: Chunk) -> Work:
    """Look up what the trials of a chunk are made of."""
    configurations, seeds = plan.locate(chunk.trials)
    return Work(plan.experiment, chunk.number, chunk.shape, seeds, plan.values(configurations))


def compute(work: Work, cancel: NDArray[np.bool_] | None = None) -> dict[str, NDArray[Any]] | None:
    """Train the trials of a chunk; None where `cancel[0]` became true before the end.

    The arrays, an entry a trial: those of kernels.trials.Outcomes by name, those of fates only where they are recorded;
    `weights` are in the order W1, b1, W2, b2.
    """
    training, convergence, trials = map(kernel_cache.module, ("training", "convergence", "trials"))
    task, record, shape = work.experiment.task, work.experiment.record, work.shape
    inputs, targets = np.array(task.inputs), np.array(task.targets)
    kind = _lanes(work)
    probes = np.array([*task.probes, *record.probes], float).reshape(-1, inputs.shape[1])
    metric = {
        "loss": convergence.LOSS,
        "max-error": convergence.MAX_ERROR,
        "classification": convergence.CLASSIFICATION,
    }[shape.metric]
    count, outputs = len(work.seeds), targets.shape[1]
    space = _space(work, kind)
    initial = initial_weights(work)
    out = trials.outcomes(
        count,
        outputs=targets.size * record.outputs,
        probes=len(probes) * outputs * record.outputs,
        weights=initial.shape[1] * record.weights,
        points=len(record.curve),
        fates=record.fate,
    )
    factor = _factors(work, targets.size)
    every = trials.Trials(
        initial,
        _values(work, "learning_rate") * factor,
        _values(work, "momentum").astype(float),
        kernel_threshold(_values(work, "threshold").astype(float), shape, targets.size),
        _values(work, "epochs").astype(np.int64),
    )
    cell = np.zeros(1, np.bool_) if cancel is None else cancel
    rows, wanted = np.ascontiguousarray(with_bias(inputs, shape).T, kind.dtype), targets.astype(kind.dtype)
    asked = np.ascontiguousarray(with_bias(probes if record.outputs else probes[:0], shape).T, kind.dtype)
    arguments = training.arguments(
        kind,
        rows,
        wanted,
        asked,
        metric,
        shape.stop,
        np.array(record.curve, np.int64),
        every,
        space,
        cell,
        out,
        online=shape.update == "online",
        momentum=shape.momentum,
        address=kernel_cache.address,
    )
    kernel_cache.compiled(training.train, arguments)
    finished = training.train(*arguments)
    return trials.columns(out) if finished == count else None


def lanes(work: Work) -> int:
    """How many of the trials run side by side."""
    return int(_space(work, _lanes(work)).lanes.shape[1])


def _lanes(work: Work) -> Any:
    """The lanes that suit the trials of a chunk."""
    shape, parameters = work.shape, sum(map(math.prod, _sizes(work.experiment, work.shape).values()))
    one = shape.update == "online" or len(work.experiment.task.inputs) == 1
    return kernel_cache.module("memory").suited(shape.precision, parameters, one)


def _space(work: Work, kind: Any) -> Any:
    """Memory for networks of the shape of a chunk."""
    task, record = work.experiment.task, work.experiment.record
    inputs, outputs = len(task.inputs[0]), len(task.targets[0])
    probes = len(task.probes) + len(record.probes)
    shape, memory = work.shape, kernel_cache.module("memory")
    return memory.memory(kind, inputs, shape.hidden, outputs, len(task.inputs), probes, shape.bias)


def initial_weights(work: Work) -> NDArray[np.float64]:
    """The initial weights of the trials of a chunk (trials, parameters), in the order W1, b1, W2, b2."""
    init, sizes = work.experiment.init, _sizes(work.experiment, work.shape)
    count = len(work.seeds)
    if init.distribution == "given":
        flat = np.concatenate([np.ravel(getattr(init, name)) for name in sizes])
        weights = np.tile(flat, (count, 1))
    else:
        weights = _drawn(work, sizes)
    places = _places(sizes)
    for key, values in work.values.items():
        if weight := parsed(key):
            name, row, column = weight
            replaced = ~np.isnan(values)
            if replaced.any():  # a network of another grid may be too small to have this weight
                weights[replaced, places[name][row, column]] = values[replaced]
    return weights


def _drawn(work: Work, sizes: dict[str, tuple[int, int]]) -> NDArray[np.float64]:
    """Weights (trials, parameters) from the stream of each trial's seed."""
    init, shape = work.experiment.init, work.shape
    count, parameters = len(work.seeds), sum(rows * columns for rows, columns in sizes.values())
    weights, order = np.empty((count, parameters)), _order(work.experiment, sizes)
    keys = ("low", "high") if init.distribution == "uniform" else ("mean", "std")
    first, second = (_values(work, key).astype(float) for key in keys)
    if shape.generator == "mt19937":
        streams = kernel_cache.module("streams")
        draw = streams.draw_uniform if init.distribution == "uniform" else streams.draw_normal
        state = np.empty((streams.WORDS, streams.BLOCK), np.uint32)
        seeds = work.seeds.astype(np.uint32)
        kernel_cache.compiled(draw, (seeds, first, second, order, state, weights))
        draw(seeds, first, second, order, state, weights)
    else:
        wanted = order >= 0
        for t, seed in enumerate(work.seeds):
            stream = np.random.default_rng(int(seed))
            if init.distribution == "uniform":
                draws = first[t] + (second[t] - first[t]) * stream.random(len(order))
            else:
                draws = first[t] + second[t] * stream.standard_normal(len(order))
            weights[t, order[wanted]] = draws[wanted]
    if shape.scale:
        fan_in = np.repeat([len(work.experiment.task.inputs[0]), shape.hidden], _layer_sizes(sizes))
        weights *= 1.0 / np.sqrt(fan_in)
    elif "scale" in work.values or init.scale != 1.0:
        weights *= _values(work, "scale").astype(float)[:, None]
    return weights


def _sizes(experiment: Experiment, shape: Shape) -> dict[str, tuple[int, int]]:
    """Rows and columns of each parameter that the network has, in the order of a flat weight vector."""
    inputs, outputs = len(experiment.task.inputs[0]), len(experiment.task.targets[0])
    sizes = {
        "W1": (inputs, shape.hidden),
        "b1": (1, shape.hidden),
        "W2": (shape.hidden, outputs),
        "b2": (1, outputs),
    }
    return sizes if shape.bias else {name: sizes[name] for name in ("W1", "W2")}


def _layer_sizes(sizes: dict[str, tuple[int, int]]) -> list[int]:
    return [sum(rows * columns for name, (rows, columns) in sizes.items() if name[1] == layer) for layer in "12"]


def _places(sizes: dict[str, tuple[int, int]]) -> dict[str, NDArray[np.int64]]:
    """For each parameter, the places of its entries in the flat weight vector."""
    places, start = {}, 0
    for name, (rows, columns) in sizes.items():
        places[name] = np.arange(start, start + rows * columns).reshape(rows, columns)
        start += rows * columns
    return places


def _order(experiment: Experiment, sizes: dict[str, tuple[int, int]]) -> NDArray[np.int64]:
    """For each draw of the stream, its place in the flat weight vector; -1 where it is passed over."""
    places, order = _places(sizes), []
    for entry in experiment.init.order:
        if isinstance(entry, Skip):
            order.append(np.full(entry.skip, -1))
        elif entry.removesuffix(".T") in places:
            parameter = places[entry.removesuffix(".T")]
            order.append((parameter.T if entry.endswith(".T") else parameter).ravel())
    return np.concatenate(order).astype(np.int64)


def _factors(work: Work, targets: int) -> Any:
    """What the learning rate is multiplied with, in each trial or in all of them."""
    if "objective" in work.values:
        return np.array([FACTOR[name](targets) for name in work.values["objective"]])
    return FACTOR[work.experiment.training.objective](targets)


def _values(work: Work, key: str) -> NDArray[Any]:
    """The value of a key in each trial of a chunk."""
    if key in work.values:
        return work.values[key]
    value = getattr(getattr(work.experiment, SWEEPABLE[key]), key)
    return np.full(len(work.seeds), value, dtype=object if isinstance(value, str) else None)


def kernel_threshold(threshold: NDArray[np.float64], shape: Shape, answers: int) -> NDArray[np.float64]:
    """The threshold as the kernel takes it, such that the rule is that of the float64 one.

    Rounded to nearest, a float32 loss that equals it could lie above what the table's reader compares with.
    """
    kept = threshold
    if shape.precision == "float32":
        kept = threshold.astype(np.float32)
        if shape.metric == "max-error":
            kept = np.where(kept < threshold, np.nextafter(kept, np.float32(np.inf)), kept)
        else:
            kept = np.where(kept > threshold, np.nextafter(kept, np.float32(-np.inf)), kept)
    if shape.metric == "loss":
        kept = kernel_cache.module("convergence").largest_sum(kept, answers)
    return kept.astype(float)


def with_bias(rows: NDArray[np.float64], shape: Shape) -> NDArray[np.float64]:
    """Rows of inputs with a last column of ones, where the network has biases."""
    return np.column_stack([rows, np.ones(len(rows))]) if shape.bias else rows
