"""Training in plain NumPy by rules that are not ours, which tutorials use or come upon by mistake.

Many networks of one shape side by side, arrays (networks, samples or units, ...); signs are those of kernels.layers:
deltas point downhill.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Slope = Literal["activation", "sum", "sigmoid of activation", "none"]


@dataclass(frozen=True)
class Rule:
    """How an update is made; the defaults are ours.

    A slope is the sigmoid's derivative as computed from the unit's activation o as o (1 - o), wrongly from its weighted
    sum in place of o, wrongly from the sigmoid of o, or left out.
    """

    output_slope: Slope = "activation"
    hidden_slope: Slope = "activation"
    output_first: bool = False  # the output weights take their step before the hidden deltas are computed
    momentum: Literal["ours", "nesterov", "keras", "turned"] = "ours"
    fixed_biases: bool = False
    early_outputs: bool = False  # what is returned are the outputs of the last epoch's passes, each before its step


OURS = Rule()


def trained(
    rule: Rule,
    inputs: Numbers,
    targets: Numbers,
    weights: dict[str, Numbers],
    step: Numbers,
    momentum: Numbers,
    epochs: int,
    online: bool,
) -> tuple[Numbers, dict[str, Numbers]]:
    """Train networks; their outputs (networks, samples, outputs) and weights.

    `weights` are W1 (networks, inputs, hidden), b1 (networks, 1, hidden), W2, b2, or without biases; `step` and
    `momentum` (networks,), the step with the factor of the objective.
    """
    weights = dict(weights)
    velocities = {name: np.zeros_like(array) for name, array in weights.items()}
    step, momentum = step[:, None, None], momentum[:, None, None]
    rows = [slice(s, s + 1) for s in range(len(inputs))] if online else [slice(None)]
    early = np.full((len(step), *targets.shape), np.nan)

    def moved(name: str, gradient: Numbers) -> None:
        if rule.fixed_biases and name.startswith("b"):
            return
        carried = momentum * velocities[name] * (-1.0 if rule.momentum == "turned" else 1.0)
        velocities[name] = carried + step * gradient
        ahead = momentum * velocities[name] + step * gradient if rule.momentum == "keras" else velocities[name]
        weights[name] = weights[name] + ahead

    with np.errstate(all="ignore"):
        for _ in range(epochs):
            for samples in rows:
                x, y = inputs[samples], targets[samples]
                ahead = {
                    name: array + momentum * velocities[name] if rule.momentum == "nesterov" else array
                    for name, array in weights.items()
                }
                sums, activations, output_sums, outputs = feedforward(x, ahead)
                early[:, samples] = outputs
                deltas = (y - outputs) * _slope(rule.output_slope, output_sums, outputs)
                changes = {"W2": activations.swapaxes(1, 2) @ deltas, "b2": deltas.sum(1, keepdims=True)}
                back = weights["W2"] if rule.output_first else ahead["W2"]
                if rule.output_first:
                    for name in weights.keys() & changes:
                        moved(name, changes.pop(name))
                    back = weights["W2"]
                hidden_deltas = deltas @ back.swapaxes(1, 2) * _slope(rule.hidden_slope, sums, activations)
                changes |= {"W1": x.T @ hidden_deltas, "b1": hidden_deltas.sum(1, keepdims=True)}
                for name in weights.keys() & changes:
                    moved(name, changes[name])
        return early if rule.early_outputs else feedforward(inputs, weights)[3], weights


def feedforward(inputs: Numbers, weights: dict[str, Numbers]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Weighted sums and activations of the hidden units, then of the outputs."""
    sums = inputs @ weights["W1"] + weights.get("b1", 0.0)
    activations = _sigmoid(sums)
    output_sums = activations @ weights["W2"] + weights.get("b2", 0.0)
    return sums, activations, output_sums, _sigmoid(output_sums)


def _sigmoid(x: Numbers) -> Numbers:
    return 1.0 / (1.0 + np.exp(-x))


def _slope(kind: Slope, sums: Numbers, activations: Numbers) -> Numbers:
    if kind == "none":
        return np.ones_like(sums)
    taken = {"activation": activations, "sum": sums}.get(kind)
    taken = _sigmoid(activations) if taken is None else taken
    return taken * (1.0 - taken)
