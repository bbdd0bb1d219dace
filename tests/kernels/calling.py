"""The one place where the tests call the training kernel: as the engine does, outcomes by name."""

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from runner.sweeping import kernel_cache
from tests import reference
from tests.reference import Outcome, Weights

training, convergence = kernel_cache.module("training"), kernel_cache.module("convergence")
lanes, tiles, trials = (kernel_cache.module(name) for name in ("lanes", "tiles", "trials"))
epochs_between, memory = kernel_cache.module("epochs"), kernel_cache.module("memory")

METRICS = {"loss": convergence.LOSS, "max-error": convergence.MAX_ERROR, "classification": convergence.CLASSIFICATION}
STEP_FACTORS = {"sse": (2, 0), "half-sse": (1, 0), "mse": (2, 1), "half-mse": (1, 1)}  # times count**-second
KINDS = {"float64": lanes.FLOAT64, "float32": lanes.FLOAT32}

FATES = trials.FATES

_noise = np.random.default_rng(0)


def step_factor(objective: str, targets: int) -> float:
    factor, mean = STEP_FACTORS[objective]
    return float(factor / targets**mean)


def hidden_units(parameters: int, inputs: int, outputs: int, *, bias: bool) -> int:
    """The hidden size of a network from the length of its flat weight vector."""
    hidden, rest = divmod(parameters - bias * outputs, inputs + bias + outputs)
    assert rest == 0
    return hidden


def prepared(
    inputs: ArrayLike,
    targets: ArrayLike,
    initial: ArrayLike,
    *,
    learning_rate: ArrayLike,
    epochs: ArrayLike,
    momentum: ArrayLike = 0.0,
    threshold: ArrayLike = 0.01,
    update: str = "batch",
    objective: str = "sse",
    metric: str = "loss",
    stop: bool = False,
    probes: ArrayLike | None = None,
    curve: ArrayLike = (),
    bias: bool = False,
    kind: Any = None,
    velocities: bool = False,
    fates: bool = False,
) -> tuple[tuple[Any, ...], dict[str, bool]]:
    """What `training.arguments` takes, and by name, which update is asked for.

    `initial` is (trials, parameters), and what differs between trials broadcasts to it. All outcomes are asked for,
    fates where it is said. They start as noise, so that what the kernel does not write cannot look right.
    """
    inputs, targets, initial = np.array(inputs, float), np.array(targets, float), np.array(initial, float)
    kind = kind or memory.suited("float64", initial.shape[1], update == "online" or len(inputs) == 1)
    probes = np.empty((0, inputs.shape[1])) if probes is None else np.array(probes, float)
    count, parameters = initial.shape
    samples, outputs = targets.shape
    hidden = hidden_units(parameters, inputs.shape[1], outputs, bias=bias)
    space = memory.memory(kind, inputs.shape[1], hidden, outputs, samples, len(probes), bias)
    points = np.array(curve, np.int64)
    out = trials.outcomes(
        count,
        outputs=targets.size,
        probes=len(probes) * outputs,
        weights=parameters,
        points=len(points),
        fates=fates,
    )
    for array in out[:2]:
        array.reshape(-1).view(np.uint8)[:] = _noise.integers(0, 256, array.nbytes)

    def each(value: ArrayLike, dtype: Any = float) -> NDArray[Any]:
        return np.array(np.broadcast_to(value, count), dtype)

    def with_ones(rows: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray((np.column_stack([rows, np.ones(len(rows))]) if bias else rows).T, kind.dtype)

    every = trials.Trials(
        initial,
        each(learning_rate) * step_factor(objective, targets.size),
        each(momentum),
        convergence.largest_sum(each(threshold, kind.dtype), targets.size) if metric == "loss" else each(threshold),
        each(epochs, np.int64),
    )
    cancel, rows, wanted, asked = (
        np.zeros(1, np.bool_),
        with_ones(inputs),
        targets.astype(kind.dtype),
        with_ones(probes),
    )
    variant = {"online": update == "online", "momentum": bool(np.any(momentum) or velocities)}
    return (kind, rows, wanted, asked, METRICS[metric], stop, points, every, space, cancel, out), variant


def called(task: tuple[Any, ...], variant: dict[str, bool]) -> int:
    """Call `train`, compiled under the lock and kept in the cache that the program itself uses."""
    arguments = training.arguments(*task, **variant, address=kernel_cache.address)
    kernel_cache.compiled(training.train, arguments)
    return int(training.train(*arguments))


def trained(*task: ArrayLike, **settings: Any) -> dict[str, NDArray[Any]]:
    """Train to the end; the outcomes by name, an entry a trial."""
    arguments, variant = prepared(*task, **settings)
    out = arguments[-1]
    assert called(arguments, variant) == len(out.counts)
    return cast(dict[str, NDArray[Any]], trials.columns(out))


def weights_of(flat: ArrayLike, inputs: int, outputs: int, *, bias: bool) -> Weights:
    """A flat weight vector as the oracle takes it."""
    flat = np.array(flat)
    hidden = hidden_units(len(flat), inputs, outputs, bias=bias)
    shapes = reference.network_shapes(inputs, hidden, outputs, bias=bias)
    arrays, start = {}, 0
    for name in ("W1", "b1", "W2", "b2"):
        if name in shapes:
            size = int(np.prod(shapes[name]))
            arrays[name] = flat[start : start + size].reshape(shapes[name])
            start += size
    return Weights(arrays["W1"], arrays.get("b1"), arrays["W2"], arrays.get("b2"))


def assert_agrees(
    ours: dict[str, NDArray[Any]], trial: int, theirs: Outcome, tolerance: float, curve: tuple[int, ...] = ()
) -> None:
    """Hold one trial of the kernel against the oracle: numbers to a tolerance (relative above 1), the rest exactly."""
    row = {name: array[trial] for name, array in ours.items()}

    def close(name: str, expected: ArrayLike) -> None:
        np.testing.assert_allclose(row[name], np.ravel(expected), rtol=tolerance, atol=tolerance, err_msg=name)

    first = theirs.epochs_to_convergence
    assert row["epochs_to_convergence"] == (convergence.NEVER if first is None else first)
    assert (row["epochs_run"], row["holds_at_end"]) == (theirs.epochs_run, theirs.holds_at_end)
    assert row["diverged"] == (theirs.outcome == "diverged")
    close("loss", theirs.final_loss)
    close("max_error", theirs.max_error)
    close("outputs", theirs.outputs)
    close("probes", theirs.probes)
    close("weights", np.concatenate([array.ravel() for array in theirs.weights.arrays]))
    for name in FATES if "gradient_norm" in row else ():
        close(name, theirs.fate[name])
    close("losses", [theirs.curve.get(epoch, np.nan) for epoch in curve])
