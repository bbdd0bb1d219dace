"""The oracle: one network at a time in plain NumPy, slow, written to be read beside the definitions it follows.

Every sum runs from its first term to its last, one addition after another, so that no BLAS chooses the order.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array = NDArray[np.floating]
quiet = np.errstate(over="ignore", invalid="ignore")  # to diverge is an outcome, not a warning


@dataclass(frozen=True)
class Weights:
    """W1 (inputs, hidden), b1 (hidden,) or None, W2 (hidden, outputs), b2 (outputs,) or None."""

    W1: Array
    b1: Array | None
    W2: Array
    b2: Array | None

    @property
    def arrays(self) -> tuple[Array, ...]:
        return tuple(array for array in (self.W1, self.b1, self.W2, self.b2) if array is not None)


@dataclass(frozen=True)
class Outcome:
    """What is known of a trial after its last update; losses and errors are Python floats whatever the precision."""

    outputs: Array
    probes: Array
    weights: Weights
    final_loss: float
    max_error: float
    outcome: str
    converged: bool
    epochs_to_convergence: int | None
    epochs_run: int
    holds_at_end: bool
    curve: dict[int, float]
    fate: dict[str, float]


def each(function: Callable[..., Array], *weights: Weights) -> Weights:
    """Apply a function parameter by parameter; a missing bias stays missing."""

    def one(name: str) -> Any:
        arrays = [getattr(member, name) for member in weights]
        return None if arrays[0] is None else function(*arrays)

    return Weights(one("W1"), one("b1"), one("W2"), one("b2"))


@quiet
def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def product(left: Array, right: Array) -> Array:
    """Multiply two matrices; the terms of each sum are added in the order of the inner axis."""
    return np.cumsum(left[:, :, None] * right[None, :, :], axis=1)[:, -1]


@quiet
def feedforward(inputs: ArrayLike, weights: Weights) -> tuple[Array, Array]:
    """Return the hidden activations (samples, hidden) and the outputs (samples, outputs)."""
    hidden_sums = product(np.asarray(inputs), weights.W1)
    if weights.b1 is not None:
        hidden_sums = hidden_sums + weights.b1
    hidden = sigmoid(hidden_sums)
    output_sums = product(hidden, weights.W2)
    if weights.b2 is not None:
        output_sums = output_sums + weights.b2
    return hidden, sigmoid(output_sums)


def _factor(objective: str, targets: Array) -> float:
    return {"sse": 1.0, "half-sse": 0.5, "mse": 1.0 / targets.size, "half-mse": 0.5 / targets.size}[objective]


def objective_value(inputs: ArrayLike, targets: ArrayLike, weights: Weights, objective: str) -> float:
    targets = np.asarray(targets)
    outputs = feedforward(inputs, weights)[1]
    return float(_factor(objective, targets) * np.sum((targets - outputs) ** 2))


@quiet
def deltas(inputs: ArrayLike, targets: ArrayLike, weights: Weights, objective: str) -> tuple[Array, Array]:
    """Derivatives of the objective by the weighted sums: hidden (samples, hidden), output (samples, outputs)."""
    targets = np.asarray(targets)
    hidden, outputs = feedforward(inputs, weights)
    output_deltas = 2 * _factor(objective, targets) * (outputs - targets) * (outputs * (1 - outputs))
    hidden_deltas = product(output_deltas, weights.W2.T) * (hidden * (1 - hidden))
    return hidden_deltas, output_deltas


@quiet
def gradients(inputs: ArrayLike, targets: ArrayLike, weights: Weights, objective: str) -> Weights:
    """Derivatives of the objective, over all samples given, by every weight and bias."""
    inputs = np.asarray(inputs)
    hidden, _ = feedforward(inputs, weights)
    hidden_deltas, output_deltas = deltas(inputs, targets, weights, objective)
    return Weights(
        W1=product(inputs.T, hidden_deltas),
        b1=None if weights.b1 is None else np.cumsum(hidden_deltas, axis=0)[-1],
        W2=product(hidden.T, output_deltas),
        b2=None if weights.b2 is None else np.cumsum(output_deltas, axis=0)[-1],
    )


def holds(metric: str, threshold: float, targets: Array, outputs: Array) -> bool:
    """Whether a convergence rule holds; every comparison is one that NaN fails, made in double precision."""
    loss, max_error = errors_of(targets, outputs)
    if metric == "loss":
        return loss <= threshold
    if metric == "max-error":
        return max_error < threshold
    if metric == "classification":
        if np.any(targets == 0.5):
            raise ValueError("a target of 0.5 has no side")
        return bool(np.all(np.where(targets > 0.5, outputs > 0.5, outputs < 0.5)))
    raise ValueError(f"unknown metric {metric!r}")


def errors_of(targets: Array, outputs: Array) -> tuple[float, float]:
    """The mean squared error and the largest absolute error, over all samples and outputs."""
    errors = np.abs(targets - outputs)
    return float(np.mean(errors**2)), float(np.max(errors))


@quiet
def train(
    inputs: ArrayLike,
    targets: ArrayLike,
    weights: Weights,
    *,
    learning_rate: float,
    momentum: float = 0.0,
    epochs: int,
    update: str = "batch",
    objective: str = "sse",
    metric: str = "loss",
    threshold: float = 0.01,
    stop: bool = False,
    probes: ArrayLike | None = None,
    curve: Collection[int] = (),
    dtype: DTypeLike = np.float64,
    reverse_sum: bool = False,
) -> Outcome:
    """Train one network; all arithmetic is done in `dtype`, and losses are widened before they are compared.

    `reverse_sum` changes rounding and nothing else: sums over hidden units, and under batch updates over samples,
    run backwards. Under online updates the samples keep their order, for there it has a meaning.
    """
    inputs, targets = np.array(inputs, dtype), np.array(targets, dtype)
    weights = each(lambda array: np.array(array, dtype), weights)
    flip = slice(None, None, -1 if reverse_sum and update == "batch" else 1)
    inputs, targets = inputs[flip], targets[flip]
    if reverse_sum:
        weights = hidden_reversed(weights)
    if update == "batch":
        steps = [(inputs, targets)]
    elif update == "online" and objective in {"sse", "half-sse"}:
        steps = [(inputs[[sample]], targets[[sample]]) for sample in range(len(inputs))]
    else:
        raise ValueError(f"no {update!r} update for the objective {objective!r}")

    velocity = each(np.zeros_like, weights)
    recorded: dict[int, float] = {}
    losses: list[float] = []
    first: int | None = None
    epoch = 0
    while True:
        _, outputs = feedforward(inputs, weights)
        loss, max_error = errors_of(targets, outputs)
        holds_now = holds(metric, threshold, targets, outputs)
        losses.append(loss)
        if epoch in curve:
            recorded[epoch] = loss
        if holds_now and first is None:
            first = epoch
        if epoch == epochs or (stop and holds_now):
            break
        for sample_inputs, sample_targets in steps:
            gradient = gradients(sample_inputs, sample_targets, weights, objective)
            velocity = each(lambda v, g: momentum * v + learning_rate * g, velocity, gradient)
            weights = each(np.subtract, weights, velocity)
        epoch += 1

    diverged = not (np.isfinite(loss) and all(np.all(np.isfinite(array)) for array in weights.arrays))
    converged = first is not None and not diverged
    if probes is None:
        probes = np.empty((0, inputs.shape[1]))
    return Outcome(
        outputs=outputs[flip],
        probes=feedforward(np.array(probes, dtype), weights)[1],
        weights=hidden_reversed(weights) if reverse_sum else weights,
        final_loss=loss,
        max_error=max_error,
        outcome="diverged" if diverged else "converged" if converged else "not-converged",
        converged=converged,
        epochs_to_convergence=first if converged else None,
        epochs_run=epoch,
        holds_at_end=holds_now and not diverged,
        curve=recorded,
        fate=fate_of(inputs, targets, weights, losses, epochs),
    )


@quiet
def fate_of(
    inputs: Array, targets: Array, weights: Weights, losses: Sequence[float], epochs: int, saturated: float = 0.01
) -> dict[str, float]:
    """What the columns of a fate hold for final weights and the losses on the way there; NaN where they are empty.

    `losses` begin before the first epoch; the trial may have stopped before its budget of `epochs`. A unit is saturated
    where its slope o (1 - o) is below `saturated`.
    """
    gradient = np.concatenate([array.ravel() for array in gradients(inputs, targets, weights, "mse").arrays])
    activations = feedforward(inputs, weights)
    output_deltas = deltas(inputs, targets, weights, "mse")[1]
    errors = product(output_deltas, weights.W2.T), targets - activations[1]
    flat = [layer * (1 - layer) < saturated for layer in activations]
    sizes = [np.abs(error).astype(float) for error in errors]
    blocked = [
        np.sum(size * here) / np.sum(size) if np.any(size) else 0.0 for size, here in zip(sizes, flat, strict=True)
    ]
    lost = any(np.any(np.isnan(layer)) for layer in activations)
    tenth = np.array(losses[epochs - math.ceil(epochs / 10) :])  # before its first epoch, and after each
    moved = len(tenth) > 1 and np.isfinite(tenth[-1] - tenth[0])
    return {
        "gradient_norm": float(np.linalg.norm(gradient.astype(float))),
        "saturated_share": np.nan if lost else float(np.mean(np.concatenate([layer.ravel() for layer in flat]))),
        "saturated_error": float(np.max(blocked)),
        "loss_change": float(tenth[-1] - tenth[0]) if moved else np.nan,
        "loss_rise": float(np.max(tenth - np.minimum.accumulate(tenth))) if moved else np.nan,
    }


def hidden_reversed(weights: Weights) -> Weights:
    """The same network with its hidden units in the opposite order."""
    b1 = None if weights.b1 is None else weights.b1[::-1]
    return Weights(weights.W1[:, ::-1], b1, weights.W2[::-1], weights.b2)


def network_shapes(inputs: int, hidden: int, outputs: int, *, bias: bool) -> dict[str, tuple[int, ...]]:
    """The shapes that `draw` takes."""
    shapes: dict[str, tuple[int, ...]] = {"W1": (inputs, hidden), "W2": (hidden, outputs)}
    return shapes | ({"b1": (hidden,), "b2": (outputs,)} if bias else {})


def draw(
    seed: int,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    generator: str = "mt19937",
    distribution: str = "uniform",
    low: float = 0.0,
    high: float = 1.0,
    mean: float = 0.0,
    std: float = 1.0,
    scale: float | str = 1.0,
    order: Sequence[str | Mapping[str, int]] = ("W1", "b1", "W2", "b2"),
) -> Weights:
    """Draw initial weights with NumPy's own generators, in the order given.

    An entry is a parameter, a parameter transposed ("W1.T", drawn hidden unit by hidden unit; "W2.T") or
    {"skip": n}. A bias that `shapes` does not have draws nothing. The scale "1/sqrt(fan_in)" multiplies by that
    factor for the layer that a parameter belongs to: the inputs for W1 and b1, the hidden units for W2 and b2.
    """
    numpy_generator: Any = {"mt19937": np.random.RandomState, "pcg64": np.random.default_rng}[generator](seed)
    method, first, second = {"uniform": ("uniform", low, high), "normal": ("normal", mean, std)}[distribution]

    def drawn(shape: tuple[int, ...]) -> Array:
        return np.asarray(getattr(numpy_generator, method)(first, second, shape))

    arrays: dict[str, Array] = {}
    for entry in order:
        if isinstance(entry, Mapping):
            drawn((entry["skip"],))
            continue
        name = entry.removesuffix(".T")
        if name not in shapes:
            continue
        fan_in = shapes["W1" if name in {"W1", "b1"} else "W2"][0]
        factor = 1 / np.sqrt(fan_in) if scale == "1/sqrt(fan_in)" else scale
        array = drawn(shapes[name][::-1]).T if entry.endswith(".T") else drawn(shapes[name])
        arrays[name] = np.ascontiguousarray(array * factor)
    return Weights(W1=arrays["W1"], b1=arrays.get("b1"), W2=arrays["W2"], b2=arrays.get("b2"))
