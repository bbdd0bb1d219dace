"""A training function as a student writes it, and the mistakes that students make; it shares no code with ours."""

import random
from functools import partial
from typing import Any

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def training(mistake: str = "", **more: Any):
    """The function with a mistake, or with several joined by +."""
    return partial(train, mistakes=frozenset(mistake.split("+")), **more)


def train(
    inputs,
    targets,
    seed,
    hidden,
    bias,
    learning_rate,
    momentum,
    epochs,
    update,
    objective,
    low,
    high,
    mistakes=frozenset(),
    stop=False,
    threshold=0.01,
    order=("W1", "b1", "W2", "b2"),
):
    made = mistakes.__contains__
    if made("twice"):
        learning_rate *= learning_rate
    rng = np.random.default_rng(seed) if made("pcg64") else np.random.RandomState(0 if made("one seed") else seed)
    shapes = {
        "W1": (inputs.shape[1], hidden),
        "b1": (1, hidden),
        "W2": (hidden, targets.shape[1]),
        "b2": (1, targets.shape[1]),
    }
    if made("extra biases") or made("extra zero biases"):
        bias = True
    if made("no biases"):
        bias = False

    def draw(shape):
        if made("python"):
            return np.array([low + (high - low) * random.random() for _ in range(np.prod(shape))]).reshape(shape)
        if made("normal"):
            return rng.normal(size=shape)
        if made("minus one"):
            return 2 * rng.uniform(size=shape) - 1
        return rng.uniform(low, high, shape)

    order = {
        "W2 first": ("W2", "W1", "b1", "b2"),
        "biases first": ("b1", "b2", "W1", "W2"),
        "biases last": ("W1", "W2", "b1", "b2"),
        "extra biases": ("W1", "W2", "b1", "b2"),
    }.get(next(iter(mistakes & {"W2 first", "biases first", "biases last", "extra biases"}), ""), order)
    weights = {}
    for name in () if made("units") else order:
        if bias or name[0] == "W":
            if name[0] == "b" and (made("zero biases") or made("extra zero biases")):
                weights[name] = np.zeros(shapes[name])
            elif made("transposed"):
                weights[name] = draw(shapes[name][::-1]).T
            else:
                weights[name] = draw(shapes[name])
    if made("units"):
        for layer in "12":
            drawn = draw((shapes[f"W{layer}"][1], shapes[f"W{layer}"][0] + 1)).T
            weights[f"W{layer}"], weights[f"b{layer}"] = drawn[:-1], drawn[-1:]
    if made("scaled"):
        weights = {name: array / np.sqrt(shapes["W" + name[1]][0]) for name, array in weights.items()}
    single = np.float32 if made("float32") else np.float64
    inputs, targets = inputs.astype(single), targets.astype(single)
    weights = {name: array.astype(single) for name, array in weights.items()}
    velocity = {name: np.zeros_like(array) for name, array in weights.items()}

    factor = {"sse": 2, "half-sse": 1, "mse": 2 / targets.size, "half-mse": 1 / targets.size}[objective]
    for name, change in {"doubled": 2, "halved": 0.5, "mean": 1 / len(inputs), "uphill": -1}.items():
        factor *= change if made(name) else 1
    factor *= targets.shape[1] if made("outputs") else 1
    if made("no momentum"):
        momentum = 0
    if made("some momentum"):
        momentum = 0.9

    def forward(x, at):
        sums = x @ at["W1"] + at.get("b1", 0)
        activations = sigmoid(sums)
        output_sums = activations @ at["W2"] + at.get("b2", 0)
        return sums, activations, output_sums, sigmoid(output_sums)

    def slope(layer, sums, activations):
        if made(f"{layer} none"):
            return 1
        x = sums if made(f"{layer} sum") else sigmoid(activations) if made(f"{layer} twice") else activations
        return x * (1 - x)

    def step(name, gradient):
        if made("fixed biases") and name[0] == "b":
            return
        g = learning_rate * factor * gradient
        if made("average"):
            g = (1 - momentum) * g
        before = velocity[name]
        velocity[name] = (-momentum if made("turned") else momentum) * before + g
        weights[name] = weights[name] + (momentum * velocity[name] + g if made("keras") else velocity[name])

    online = (update == "online") != made("other update")
    epochs += made("one more") - made("one less")
    for _ in range(0 if made("untrained") else epochs):
        if (stop or made("stops")) and np.mean((targets - forward(inputs, weights)[-1]) ** 2) <= threshold:
            break
        rows = list(range(len(inputs))) if online else [slice(None)]
        early = []
        for s in reversed(rows) if made("backwards") else rows:
            s = slice(s, s + 1) if online else s
            x, y = inputs[s], targets[s]
            at = {n: w + momentum * velocity[n] if made("nesterov") else w for n, w in weights.items()}
            sums, activations, output_sums, outputs = forward(x, at)
            early.append(outputs)
            deltas = (y - outputs) * slope("output", output_sums, outputs)
            if made("output first"):
                step("W2", activations.T @ deltas)
                at = weights
            hidden_deltas = deltas @ at["W2"].T * slope("hidden", sums, activations)
            step("W1", x.T @ hidden_deltas)
            if not made("output first"):
                step("W2", activations.T @ deltas)
            if bias:
                step("b1", hidden_deltas.sum(0, keepdims=True))
                step("b2", deltas.sum(0, keepdims=True))
    return np.concatenate(early) if made("early") else forward(inputs, weights)[-1]
