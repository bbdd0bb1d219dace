"""One trial again, with everything that its epochs compute on the way written down.

It is made of the functions of kernels.layers that training is made of, called in the same order on the same `Lanes`.
The trial is in lane 0, and the other lanes, all zero, run beside it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.convergence import holding, mean_squared_error
from kernels.jit import inline, kernel
from kernels.lanes import LaneKind, aligned, as_lanes
from kernels.layers import (
    TILE,
    accumulate,
    descend,
    descend_online,
    descend_online_with_momentum,
    descend_with_momentum,
    feedforward,
    hidden_delta,
    hidden_error,
    output_deltas,
    slope,
    weighted_sum,
)
from kernels.records import clear, fill_weights, max_error, number, record_outputs, record_weights

_FIRST_LANE = np.uint64(1)


class Passes(NamedTuple):
    """What each sample meets forward and back, arrays (epochs, samples, units) of float64, each NaN the canonical one.

    An error is target - output; a delta is an error times its slope; the error at a hidden unit is the sum of the
    output deltas times the weights on the way, those from before the update. No factor of an objective is in them.
    """

    hidden_preactivations: NDArray[np.float64]
    hidden_activations: NDArray[np.float64]
    output_preactivations: NDArray[np.float64]
    outputs: NDArray[np.float64]
    errors: NDArray[np.float64]
    output_slopes: NDArray[np.float64]
    output_deltas: NDArray[np.float64]
    hidden_errors: NDArray[np.float64]
    hidden_slopes: NDArray[np.float64]
    hidden_deltas: NDArray[np.float64]


class Updates(NamedTuple):
    """What each update does, arrays (epochs, updates, parameters), parameters in the order of `Trials.initial`.

    An epoch has one update in batch mode, one a sample in online mode. `gradients` are those of half the squared error,
    pointing downhill, so that without momentum a weight becomes fma(step, gradient, weight); online updates multiply
    the step into the delta first, and theirs are products of the same delta. `velocities` are added to the weights;
    their width is 0 without momentum. `weights` are those after the update.
    """

    gradients: NDArray[np.float64]
    velocities: NDArray[np.float64]
    weights: NDArray[np.float64]


class States(NamedTuple):
    """Before any update and after each epoch, arrays (epochs + 1, ...), each state's numbers in one row."""

    loss: NDArray[np.float64]
    max_error: NDArray[np.float64]
    outputs: NDArray[np.float64]
    weights: NDArray[np.float64]


def passes(epochs: int, samples: int, hidden: int, outputs: int) -> Passes:
    """Room for the passes of so many epochs."""
    units = {name: hidden if name.startswith("hidden") else outputs for name in Passes._fields}
    return Passes(**{name: np.empty((epochs, samples, count)) for name, count in units.items()})


def updates(epochs: int, steps: int, parameters: int, momentum: bool) -> Updates:
    """Room for the updates of so many epochs, `steps` in each."""
    shape = epochs, steps, parameters
    return Updates(np.empty(shape), np.empty((epochs, steps, parameters * momentum)), np.empty(shape))


def states(epochs: int, answers: int, parameters: int) -> States:
    """Room for the states before and after so many epochs; `answers` counts samples times outputs."""
    points = epochs + 1
    return States(np.empty(points), np.empty(points), np.empty((points, answers)), np.empty((points, parameters)))


def cell(kind: LaneKind) -> NDArray[Any]:
    """Room for one `Lanes`, whose numbers can be read one by one."""
    return aligned((1, kind.width), kind.dtype)


@kernel
def trace(
    kind: Any,
    inputs: Any,
    targets: Any,
    metric: int,
    stop: bool,
    online: bool,
    trials: Any,
    gradients: Any,
    velocities: Any,
    work: Any,
    cell: Any,
    passes: Any,
    updates: Any,
    states: Any,
) -> int:
    """Train the first of `trials` into `passes`, `updates` and `states`; the number of epochs that it ran.

    The arguments are those of kernels.training.train, but that `gradients` and `velocities` are `Layers` always. Where
    `stop` ends the trial before the last epoch, entries past that number mean nothing.
    """
    W1, W2 = as_lanes(work.W1, kind), as_lanes(work.W2, kind)
    G1, G2 = as_lanes(gradients.W1, kind), as_lanes(gradients.W2, kind)
    V1, V2 = as_lanes(velocities.W1, kind), as_lanes(velocities.W2, kind)
    hidden, deltas, errors = as_lanes(work.hidden, kind), as_lanes(work.deltas, kind), as_lanes(work.errors, kind)
    outputs, losses, view = as_lanes(work.outputs, kind), as_lanes(work.loss, kind), as_lanes(cell, kind)
    steps, momenta = as_lanes(work.step, kind), as_lanes(work.momentum, kind)
    thresholds = as_lanes(work.threshold, kind)

    fill_weights(0, trials.initial[0], work.W1, work.W2)
    for layers in (gradients, velocities):
        clear(0, layers.W1)
        clear(0, layers.W2)
    work.step[0, 0], work.momentum[0, 0] = trials.step[0], trials.momentum[0]
    work.threshold[0, 0] = trials.threshold[0]
    step, momentum, has_momentum = steps[0], momenta[0], trials.momentum[0] > 0.0
    samples, epochs = inputs.shape[0], trials.epochs[0]

    for epoch in range(epochs + 1):
        for first in range(0, samples, TILE):
            last = min(first + TILE, samples)
            feedforward(first, last, inputs, W1, W2, hidden, outputs)
            if not online and epoch < epochs:
                output_deltas(first, last, targets, outputs, deltas)
                accumulate(first, last, inputs, hidden, deltas, errors, W2, G1, G2)
                _record_pass(epoch, first, last, inputs, targets, W1, W2, hidden, outputs, deltas, cell, view, passes)

        loss = mean_squared_error(targets, outputs)
        losses[0] = loss
        states.loss[epoch] = number(work.loss[0, 0])
        states.max_error[epoch] = max_error(0, targets, work.outputs)
        record_outputs(0, work.outputs, states.outputs[epoch])
        record_weights(0, work.W1, work.W2, states.weights[epoch])
        held = holding(metric, targets, outputs, loss, thresholds[0]) & _FIRST_LANE != np.uint64(0)
        if epoch == epochs or (stop and held):
            return epoch

        if not online:
            record_weights(0, gradients.W1, gradients.W2, updates.gradients[epoch, 0])
            if has_momentum:
                descend_with_momentum(step, momentum, W1, G1, V1)
                descend_with_momentum(step, momentum, W2, G2, V2)
                record_weights(0, velocities.W1, velocities.W2, updates.velocities[epoch, 0])
            else:
                descend(step, W1, G1)
                descend(step, W2, G2)
            record_weights(0, work.W1, work.W2, updates.weights[epoch, 0])
            continue
        for s in range(samples):
            feedforward(s, s + 1, inputs, W1, W2, hidden, outputs)
            output_deltas(s, s + 1, targets, outputs, deltas)
            _record_pass(epoch, s, s + 1, inputs, targets, W1, W2, hidden, outputs, deltas, cell, view, passes)
            accumulate(s, s + 1, inputs, hidden, deltas, errors, W2, G1, G2)
            record_weights(0, gradients.W1, gradients.W2, updates.gradients[epoch, s])
            clear(0, gradients.W1)
            clear(0, gradients.W2)
            if has_momentum:
                descend_online_with_momentum(s, inputs, hidden, deltas, step, momentum, W1, W2, V1, V2)
                record_weights(0, velocities.W1, velocities.W2, updates.velocities[epoch, s])
            else:
                descend_online(s, inputs, hidden, deltas, step, W1, W2)
            record_weights(0, work.W1, work.W2, updates.weights[epoch, s])
    return epochs


@inline
def _record_pass(
    epoch: int,
    first: int,
    last: int,
    inputs: Any,
    targets: Any,
    W1: Any,
    W2: Any,
    hidden: Any,
    outputs: Any,
    deltas: Any,
    cell: Any,
    view: Any,
    out: Any,
) -> None:
    """Write down what a tile's samples meet."""
    for s in range(first, last):
        t = s - first
        for h in range(W1.shape[0]):
            out.hidden_preactivations[epoch, s, h] = _in_first_lane(weighted_sum(s, h, inputs, W1), cell, view)
            out.hidden_activations[epoch, s, h] = _in_first_lane(hidden[t, h], cell, view)
            out.hidden_errors[epoch, s, h] = _in_first_lane(hidden_error(t, h, deltas, W2), cell, view)
            out.hidden_slopes[epoch, s, h] = _in_first_lane(slope(hidden[t, h]), cell, view)
            out.hidden_deltas[epoch, s, h] = _in_first_lane(hidden_delta(t, h, deltas, W2, hidden), cell, view)
        for o in range(W2.shape[0]):
            out.output_preactivations[epoch, s, o] = _in_first_lane(weighted_sum(t, o, hidden, W2), cell, view)
            out.outputs[epoch, s, o] = _in_first_lane(outputs[s, o], cell, view)
            out.errors[epoch, s, o] = _in_first_lane(targets[s, o] - outputs[s, o], cell, view)
            out.output_slopes[epoch, s, o] = _in_first_lane(slope(outputs[s, o]), cell, view)
            out.output_deltas[epoch, s, o] = _in_first_lane(deltas[t, o], cell, view)


@inline
def _in_first_lane(value: Any, cell: Any, view: Any) -> float:
    """A `Lanes`' number in lane 0; `view` sees the memory of `cell`."""
    view[0] = value
    return number(cell[0, 0])
