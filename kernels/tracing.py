"""One trial again, with everything that its epochs compute on the way written down.

It is made of the functions of kernels.layers that training is made of, on the same `Lanes`, so that every number comes
out of the same operations. The trial is in lane 0, and the other lanes, all zero, run beside it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.convergence import holding, mean, squared_errors
from kernels.jit import inline, kernel
from kernels.lanes import first_lane
from kernels.layers import (
    accumulate,
    descend,
    feedforward,
    hidden_deltas,
    hidden_errors,
    learn_and_sum_online,
    output_deltas,
    slope,
    sum_hidden,
    sum_inputs,
)
from kernels.memory import GRADIENTS, LOSS, MOMENTUM, SINGLE, STEP, THRESHOLD, VELOCITIES, networks
from kernels.records import number
from kernels.views import local, view

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


@kernel
def trace(
    kind: Any,
    tiles: Any,
    inputs: Any,
    targets: Any,
    metric: int,
    stop: bool,
    online: bool,
    trials: Any,
    space: Any,
    passes: Any,
    updates: Any,
    states: Any,
) -> int:
    """Train the first of `trials` into `passes`, `updates` and `states`; the number of epochs that it ran.

    The arguments are those of kernels.training.arguments, with `Tiles(1)`, as samples come one by one; all numbers of
    `space` that are not constants are zero. Where `stop` ends the trial before the last epoch, entries past that number
    mean nothing.
    """
    numbers, layout, order, _, _, _, _ = space
    rows, wanted, one = view(inputs), view(targets), tiles.single
    net = networks(numbers, layout, kind, kind, kind)
    W1, W2, G1, G2, V1, V2 = net.W1, net.W2, net.G1, net.G2, net.V1, net.V2
    hidden, sums, outputs, deltas = net.hidden, net.spare, net.outputs, net.deltas
    gradients, velocities = layout[GRADIENTS, 0], layout[VELOCITIES, 0]

    for k in range(len(order)):
        numbers[0, order[k], 0] = trials.initial[0, k]
    numbers[0, layout[SINGLE, 0] + STEP, 0] = trials.step[0]
    numbers[0, layout[SINGLE, 0] + MOMENTUM, 0] = trials.momentum[0]
    numbers[0, layout[SINGLE, 0] + THRESHOLD, 0] = trials.threshold[0]
    step, momentum, threshold = net.single[STEP, 0], net.single[MOMENTUM, 0], net.single[THRESHOLD, 0]
    samples, epochs = inputs.shape[1], trials.epochs[0]

    for epoch in range(epochs + 1):
        for s in range(samples):
            feedforward(kind, s, one, rows, W1, W2, hidden, outputs)
        total = squared_errors(samples, wanted, outputs)
        states.loss[epoch] = number(first_lane(mean(total, wanted)))
        states.max_error[epoch] = _worst_error(wanted, outputs)
        for k in range(states.outputs.shape[1]):
            states.outputs[epoch, k] = number(first_lane(outputs[0, k]))
        _record(0, numbers, order, states.weights, epoch)
        held = holding(metric, samples, wanted, outputs, total, threshold) & _FIRST_LANE != np.uint64(0)
        if epoch == epochs or (stop and held):
            return epoch

        for s in range(samples):
            feedforward(kind, s, one, rows, W1, W2, hidden, outputs)
            output_deltas(s, one, wanted, outputs, deltas, net.single[LOSS, 0])
            _record_pass(kind, epoch, s, one, rows, wanted, W1, W2, hidden, sums, outputs, deltas, passes)
            accumulate(kind, s, one, rows, hidden, deltas, W2, G1, G2)
            if not online and s + 1 < samples:
                continue
            update = s if online else 0
            _record(gradients, numbers, order, updates.gradients[epoch], update)
            if online and trials.momentum[0] > 0.0:
                learn_and_sum_online(kind, s, s, one, rows, net, sums, 0)
            elif online:
                learn_and_sum_online(kind, s, s, one, rows, networks(numbers, layout, kind, kind, None), sums, 0)
            elif trials.momentum[0] > 0.0:
                _descend_all(step, momentum, W1, G1, V1)
                _descend_all(step, momentum, W2, G2, V2)
            else:
                _descend_all(step, momentum, W1, G1, None)
                _descend_all(step, momentum, W2, G2, None)
            if trials.momentum[0] > 0.0:
                _record(velocities, numbers, order, updates.velocities[epoch], update)
            _record(0, numbers, order, updates.weights[epoch], update)
            for k in range(len(order)):
                numbers[0, gradients + k, 0] = 0.0
    return epochs


@inline
def _worst_error(targets: Any, outputs: Any) -> float:
    """The largest distance of an output from its target; NaN where one is."""
    worst = 0.0
    for k in range(outputs.shape[0] * outputs.shape[1]):
        error = number(abs(first_lane(targets[0, k] - outputs[0, k])))
        if error != error:
            return np.nan
        if error > worst:
            worst = error
    return worst


@inline
def _descend_all(step: Any, momentum: Any, W: Any, G: Any, V: Any) -> None:
    """Take the steps of a layer."""
    for unit in range(W.shape[0]):
        for k in range(W.shape[1]):
            descend(unit, k, step, G[unit, k], momentum, W, V)


@inline
def _record(start: int, numbers: Any, order: Any, table: Any, row: int) -> None:
    """Write the trial's weights, or what stands from row `start` on as weights do, into a row of a table."""
    for k in range(table.shape[1]):
        table[row, k] = number(numbers[0, start + order[k], 0])


@inline
def _record_pass(
    kind: Any,
    epoch: int,
    s: int,
    one: Any,
    inputs: Any,
    targets: Any,
    W1: Any,
    W2: Any,
    hidden: Any,
    sums: Any,
    outputs: Any,
    deltas: Any,
    out: Any,
) -> None:
    """Write down what a sample meets."""
    sum_inputs(kind, s, one, inputs, W1, sums)
    errors = local(kind, 1)
    for h in range(W1.shape[0]):
        out.hidden_preactivations[epoch, s, h] = number(first_lane(sums[h, 0]))
        out.hidden_activations[epoch, s, h] = number(first_lane(hidden[h, 0]))
        out.hidden_slopes[epoch, s, h] = number(first_lane(slope(hidden[h, 0])))
        hidden_errors(h, one, deltas, W2, errors)
        out.hidden_errors[epoch, s, h] = number(first_lane(errors[0]))
        hidden_deltas(h, one, deltas, W2, hidden, errors)
        out.hidden_deltas[epoch, s, h] = number(first_lane(errors[0]))
    for o in range(W2.shape[0]):
        answer = outputs[s, o]
        out.outputs[epoch, s, o] = number(first_lane(answer))
        out.errors[epoch, s, o] = number(first_lane(targets[s, o] - answer))
        out.output_slopes[epoch, s, o] = number(first_lane(slope(answer)))
        out.output_deltas[epoch, s, o] = number(first_lane(deltas[o, 0]))
    sum_hidden(kind, s, one, hidden, W2, outputs)
    for o in range(W2.shape[0]):
        out.output_preactivations[epoch, s, o] = number(first_lane(outputs[s, o]))
