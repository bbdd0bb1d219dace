"""Many trainings of one network shape: lanes run side by side, and a lane that is done takes the next trial.

Time is counted in ticks, one an epoch of every lane. A lane's trial begins at some tick, and its epochs are the ticks
since. What is rare (a trial's end, a point of a loss curve) is found by comparing the tick with the next one at which
something is due.
"""

from typing import Any

import numpy as np

from kernels.convergence import NEVER, holding, mean_squared_error
from kernels.fates import add_saturation, begin_last_tenth, last_tenth, record_fate
from kernels.jit import kernel
from kernels.lanes import as_lanes, clip
from kernels.layers import (
    TILE,
    accumulate,
    descend,
    descend_online,
    descend_online_with_momentum,
    descend_with_momentum,
    feedforward,
    output_deltas,
)
from kernels.records import clear, earliest, fill_weights, is_finite, max_error, number, record_outputs, record_weights

_ONE, _NO_LANE = np.uint64(1), np.uint64(0)
_NO_TICK = 2**62


@kernel
def train(
    kind: Any,
    inputs: Any,
    targets: Any,
    probes: Any,
    metric: int,
    stop: bool,
    curve: Any,
    trials: Any,
    gradients: Any,
    online: Any,
    velocities: Any,
    fates: Any,
    cancel: Any,
    work: Any,
    out: Any,
) -> int:
    """Train every trial into `out`; the number of trials finished: all, unless `cancel[0]` becomes true.

    `inputs` (samples, inputs) and `probes` (probes, inputs), with a last column of ones where there are biases, and
    `targets` (samples, outputs) are of the kind's dtype. `metric` is one of kernels.convergence; `stop` ends a trial
    where its rule first holds; `curve` holds ascending epochs at which to record the loss. Four arguments choose what
    is compiled: `gradients` are `Layers` of zeros for batch updates, else None; `online` is True for online updates,
    else None; `velocities` are `Layers` where every momentum is above 0, None where every one is 0 (with velocities an
    update is rounded twice, so that the two kinds of trials must not share a call); `fates` are `Fates` where they are
    asked for, else None.
    """
    W1, W2 = as_lanes(work.W1, kind), as_lanes(work.W2, kind)
    hidden, deltas, errors = as_lanes(work.hidden, kind), as_lanes(work.deltas, kind), as_lanes(work.errors, kind)
    outputs, answers = as_lanes(work.outputs, kind), as_lanes(work.probes, kind)
    steps, momenta = as_lanes(work.step, kind), as_lanes(work.momentum, kind)
    thresholds, losses = as_lanes(work.threshold, kind), as_lanes(work.loss, kind)
    if gradients is not None:
        G1, G2 = as_lanes(gradients.W1, kind), as_lanes(gradients.W2, kind)
    if velocities is not None:
        V1, V2 = as_lanes(velocities.W1, kind), as_lanes(velocities.W2, kind)
    if fates is not None:
        F1, F2 = as_lanes(fates.W1, kind), as_lanes(fates.W2, kind)
        lowest, rises = as_lanes(fates.lowest, kind), as_lanes(fates.rise, kind)

    width, samples = len(work.trial), inputs.shape[0]
    waiting, finished, tick = 0, 0, 0
    next_due, next_point, next_last = _NO_TICK, _NO_TICK, _NO_TICK
    live, seen, free = _NO_LANE, _NO_LANE, ~_NO_LANE  # lanes, a bit each: at work; whose rule has held; to be filled

    while True:
        if free != _NO_LANE:
            for lane in range(width):
                bit = _ONE << np.uint64(lane)
                if free & bit == _NO_LANE:
                    continue
                live &= ~bit
                work.due[lane] = work.point_due[lane] = _NO_TICK
                if fates is not None:
                    fates.due[lane] = _NO_TICK
                if waiting == len(trials.step):
                    continue
                fill_weights(lane, trials.initial[waiting], work.W1, work.W2)
                if velocities is not None:
                    clear(lane, velocities.W1)
                    clear(lane, velocities.W2)
                work.step[0, lane] = trials.step[waiting]
                work.momentum[0, lane] = trials.momentum[waiting]
                work.threshold[0, lane] = trials.threshold[waiting]
                work.trial[lane], work.begun[lane] = waiting, tick
                work.due[lane] = tick + trials.epochs[waiting]
                work.point[lane] = 0
                if len(curve) > 0:
                    work.point_due[lane] = tick + curve[0]
                if fates is not None:
                    fates.due[lane] = tick + last_tenth(trials.epochs[waiting])
                out.epochs_to_convergence[waiting] = NEVER
                live |= bit
                seen &= ~bit
                waiting += 1
            free = _NO_LANE
            next_due, next_point = earliest(work.due), earliest(work.point_due)
            if fates is not None:
                next_last = earliest(fates.due)
        if live == _NO_LANE or cancel[0]:
            return finished

        # The outputs at the weights of this tick, and in batch mode the gradients with them.
        for first in range(0, samples, TILE):
            last = min(first + TILE, samples)
            feedforward(first, last, inputs, W1, W2, hidden, outputs)
            if gradients is not None:
                output_deltas(first, last, targets, outputs, deltas)
                accumulate(first, last, inputs, hidden, deltas, errors, W2, G1, G2)

        loss = mean_squared_error(targets, outputs)
        losses[0] = loss
        held = holding(metric, targets, outputs, loss, thresholds[0]) & live
        newly = held & ~seen
        if newly != _NO_LANE:
            seen |= held
            for lane in range(width):
                if newly >> np.uint64(lane) & _ONE != _NO_LANE:
                    out.epochs_to_convergence[work.trial[lane]] = tick - work.begun[lane]
                    if stop:
                        work.due[lane] = next_due = tick
        if tick == next_point:
            for lane in range(width):
                if work.point_due[lane] == tick:
                    out.losses[work.trial[lane], work.point[lane]] = number(work.loss[0, lane])
                    work.point[lane] += 1
                    more = work.point[lane] < len(curve)
                    work.point_due[lane] = work.begun[lane] + curve[work.point[lane]] if more else _NO_TICK
            next_point = earliest(work.point_due)
        if fates is not None:
            least = clip(lowest[0], -np.inf, loss)
            lowest[0], rises[0] = least, clip(rises[0], loss - least, np.inf)
            if tick == next_last:
                for lane in range(width):
                    if fates.due[lane] == tick:
                        begin_last_tenth(lane, work.loss, fates)
                        fates.due[lane] = _NO_TICK
                next_last = earliest(fates.due)
        if tick == next_due:
            if fates is not None:
                # Once more: the hidden activations of earlier tiles are gone, and online updates sum no gradients.
                fates.W1[:] = fates.W2[:] = 0.0
                fates.sums[:] = 0.0
                for first in range(0, samples, TILE):
                    last = min(first + TILE, samples)
                    feedforward(first, last, inputs, W1, W2, hidden, outputs)
                    output_deltas(first, last, targets, outputs, deltas)
                    accumulate(first, last, inputs, hidden, deltas, errors, W2, F1, F2)
                    for lane in range(width):
                        if work.due[lane] == tick:
                            add_saturation(lane, first, last, targets, work, fates.sums)
            for p in range(probes.shape[0]):
                feedforward(p, p + 1, probes, W1, W2, hidden, answers)
            for lane in range(width):
                if work.due[lane] != tick:
                    continue
                t, bit = work.trial[lane], _ONE << np.uint64(lane)
                finite = record_weights(lane, work.W1, work.W2, out.weights[t])
                out.loss[t] = number(work.loss[0, lane])
                out.max_error[t] = max_error(lane, targets, work.outputs)
                out.epochs_run[t] = tick - work.begun[lane]
                out.diverged[t] = not (finite and is_finite(out.loss[t]))
                out.holds_at_end[t] = held & bit != _NO_LANE and not out.diverged[t]
                if out.diverged[t]:
                    out.epochs_to_convergence[t] = NEVER
                record_outputs(lane, work.outputs, out.outputs[t])
                record_outputs(lane, work.probes, out.probes[t])
                out.losses[t, work.point[lane] :] = np.nan
                if fates is not None:
                    record_fate(lane, t, trials.epochs[t], work, fates, out)
                finished += 1
                free |= bit

        # The update; what is None is left out of the compiled code. A lane about to be filled anew takes part in vain.
        tick += 1
        step, momentum = steps[0], momenta[0]
        if gradients is not None:
            if velocities is not None:
                descend_with_momentum(step, momentum, W1, G1, V1)
                descend_with_momentum(step, momentum, W2, G2, V2)
            else:
                descend(step, W1, G1)
                descend(step, W2, G2)
        if online is not None:
            for s in range(samples if live & ~free != _NO_LANE else 0):
                feedforward(s, s + 1, inputs, W1, W2, hidden, outputs)
                output_deltas(s, s + 1, targets, outputs, deltas)
                if velocities is not None:
                    descend_online_with_momentum(s, inputs, hidden, deltas, step, momentum, W1, W2, V1, V2)
                else:
                    descend_online(s, inputs, hidden, deltas, step, W1, W2)
