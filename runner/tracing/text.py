"""A trace as a notebook would print it, or as JSON with all digits."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from runner.tracing.trace import Numbers, Trace

_LABELS = {
    "hidden_preactivations": "Hidden pre-activations",
    "hidden_activations": "Hidden activations",
    "output_preactivations": "Output pre-activations",
    "outputs": "Outputs",
    "errors": "Errors (target - output)",
    "output_slopes": "Output slopes",
    "output_deltas": "Output deltas (error * slope)",
    "hidden_errors": "Errors at the hidden layer",
    "hidden_slopes": "Hidden slopes",
    "hidden_deltas": "Hidden deltas (error * slope)",
}


def print_trace(trace: Trace, as_json: bool = False) -> None:
    """Print every epoch of a trace; memory does not grow with them.

    As text: 8 digits, matrices with their shapes, as NumPy prints them. As JSON: every number reads back exactly, what
    is not finite is null; epoch 0 is before any update.
    """
    for line in _document(trace) if as_json else _text(trace):
        sys.stdout.write(line + "\n")


def _text(trace: Trace) -> Iterator[str]:
    yield from _heading(trace)
    task = trace.experiment.task
    yield from _matrix("Inputs", np.array(task.inputs))
    yield from _matrix("Targets", np.array(task.targets))
    yield from _title("Epoch 0, before any update")
    for name, weights in trace.named(trace.states[0]).items():
        yield from _matrix(name, weights)
    yield from _state(trace, 0)
    for epoch in range(trace.epochs):
        for update in range(trace.weights.shape[1]):
            yield from _update(trace, epoch, update)
        yield from _state(trace, epoch + 1)


def _heading(trace: Trace) -> Iterator[str]:
    training, network, task = trace.experiment.training, trace.experiment.network, trace.experiment.task
    sizes = f"{len(task.inputs[0])}-{network.hidden}-{len(task.targets[0])}"
    yield (
        f"{trace.experiment.name}, seed {trace.seed}: {sizes} {'with' if network.bias else 'without'} biases, "
        f"{training.update} updates, {training.precision}"
    )
    momentum, rate = training.momentum, f"{training.learning_rate:.8g}"
    yield f"gradient: of {training.objective}, {-trace.factor:.8g} times the sum over samples of incoming value * delta"
    if momentum:
        yield f"update: velocity = {momentum:.8g} * velocity + {rate} * gradient; weight = weight - velocity"
    else:
        yield f"update: weight = weight - {rate} * gradient"
    yield ""


def _update(trace: Trace, epoch: int, update: int) -> Iterator[str]:
    samples = _samples(trace, update)
    sample = f", sample {update}" if trace.experiment.training.update == "online" else ""
    yield from _title(f"Epoch {epoch + 1}{sample}")
    for name, label in _LABELS.items():
        yield from _matrix(label, trace.passes[name][epoch, samples])
    for name, gradient in trace.named(trace.gradients[epoch, update]).items():
        yield from _matrix(f"Gradient of {name}", gradient)
    if trace.velocities.size:
        for name, velocity in trace.named(trace.velocities[epoch, update]).items():
            yield from _matrix(f"Velocity of {name}", velocity)
    for name, weights in trace.named(trace.weights[epoch, update]).items():
        yield from _matrix(f"Updated {name}", weights)


def _samples(trace: Trace, update: int) -> slice:
    """The samples that an update is made from."""
    return slice(update, update + 1) if trace.experiment.training.update == "online" else slice(None)


def _state(trace: Trace, epoch: int) -> Iterator[str]:
    when = f"after epoch {epoch}" if epoch else "before any update"
    yield from _matrix(f"Outputs {when}", trace.outputs[epoch])
    yield f"Loss (mean squared error) {when}: {trace.loss[epoch]:.8g}"
    yield f"Largest error {when}: {trace.max_error[epoch]:.8g}"
    yield ""


def _title(text: str) -> Iterator[str]:
    yield from (text, "-" * len(text), "")


def _matrix(label: str, numbers: Numbers) -> Iterator[str]:
    yield f"{label} {numbers.shape}"
    yield np.array2string(numbers, precision=8, threshold=sys.maxsize, suppress_small=False, floatmode="maxprec")
    yield ""


def _document(trace: Trace) -> Iterator[str]:
    experiment = trace.experiment
    training, network, task = experiment.training, experiment.network, experiment.task
    heading = {
        "experiment": experiment.name,
        "task": task.model_dump(exclude={"probes"}),
        "seed": trace.seed,
        "hidden": network.hidden,
        "bias": network.bias,
        **training.model_dump(exclude={"epochs"}),
        "factor": trace.factor,
    }
    yield json.dumps(heading)[:-1] + ', "epochs": ['  # the last key, whose entries are a line each
    for epoch in range(trace.epochs + 1):
        yield json.dumps(_epoch(trace, epoch), allow_nan=False) + ("," if epoch < trace.epochs else "")
    yield "]}"


def _epoch(trace: Trace, epoch: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"epoch": epoch}
    if epoch:
        entry["updates"] = [_entry(trace, epoch - 1, update) for update in range(trace.weights.shape[1])]
    return entry | {
        "weights": _parameters(trace, trace.states[epoch]),
        "outputs": _plain(trace.outputs[epoch]),
        "loss": _plain(trace.loss[epoch]),
        "max_error": _plain(trace.max_error[epoch]),
    }


def _entry(trace: Trace, epoch: int, update: int) -> dict[str, Any]:
    samples = _samples(trace, update)
    entry: dict[str, Any] = {name: _plain(trace.passes[name][epoch, samples]) for name in _LABELS}
    entry["samples"] = list(range(*samples.indices(len(trace.experiment.task.inputs))))
    entry["gradients"] = _parameters(trace, trace.gradients[epoch, update])
    if trace.velocities.size:
        entry["velocities"] = _parameters(trace, trace.velocities[epoch, update])
    return entry | {"weights": _parameters(trace, trace.weights[epoch, update])}


def _parameters(trace: Trace, flat: Numbers) -> dict[str, Any]:
    return {name: _plain(numbers) for name, numbers in trace.named(flat).items()}


def _plain(numbers: Any) -> Any:
    """Numbers as lists; what is not finite as None."""
    plain = np.asarray(numbers).astype(object)
    plain[~np.isfinite(numbers)] = None
    return plain.tolist()
