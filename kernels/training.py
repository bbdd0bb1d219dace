"""Many trainings of one network shape: lanes run side by side, and a lane that is done takes the next trial.

Time is counted in ticks, one an epoch of every lane. A lane's trial begins at some tick, and its epochs are the ticks
since. What is rare (a trial's end, a point of a loss curve) is found by comparing the tick with the next one at which
something is due; what lies between is the work of `kernels.epochs`.
"""

from typing import Any

import numpy as np

from kernels.calls import call
from kernels.convergence import NEVER
from kernels.epochs import EVENT, HELD, LIVE, NO_LANE, PAUSE, SEEN, TICK, UPDATE, advance, answer
from kernels.fates import begin_last_tenth, last_tenth, look_back
from kernels.jit import kernel
from kernels.memory import (
    BEGUN,
    DUE,
    LOSS,
    MOMENTUM,
    OUTPUTS,
    POINT,
    POINT_DUE,
    PROBES,
    SINGLE,
    STEP,
    TENTH,
    TENTH_DUE,
    THRESHOLD,
    TRIAL,
    VELOCITIES,
    Memory,
)
from kernels.records import earliest, is_finite, number, record_answers, worst_error
from kernels.tiles import Tiles

_ONE = np.uint64(1)
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
    addresses: Any,
    space: Any,
    cancel: Any,
    out: Any,
) -> int:
    """Train every trial into `out`; the number of trials finished: all, unless `cancel[0]` becomes true.

    `inputs` (samples, inputs) and `probes` (probes, inputs), with a last column of ones where there are biases, and
    `targets` (samples, outputs) are of the kind's dtype. `metric` is one of kernels.convergence; `stop` ends a trial
    where its rule first holds; `curve` holds ascending epochs at which to record the loss. `addresses` are those of
    three other kernels: kernels.epochs.advance, compiled for the kind of update (with velocities an update is rounded
    twice, so that trials with and without momentum must not share a call); kernels.epochs.answer where there are
    probes; kernels.fates.look_back where fates are asked for. `space` is a `Memory` that no other call has changed.
    """
    advancing, answering, looking_back = addresses
    numbers, layout, order, lanes, found, clock, masks = space
    velocities, outputs, answers = layout[VELOCITIES, 0], layout[OUTPUTS, 0], layout[PROBES, 0]
    step, momentum = numbers[layout[SINGLE, 0] + STEP], numbers[layout[SINGLE, 0] + MOMENTUM]
    threshold, losses = numbers[layout[SINGLE, 0] + THRESHOLD], numbers[layout[SINGLE, 0] + LOSS]
    trial, begun, due = lanes[TRIAL], lanes[BEGUN], lanes[DUE]
    point, point_due, tenth_due = lanes[POINT], lanes[POINT_DUE], lanes[TENTH_DUE]
    width, parameters, fates = len(trial), len(order), out.fates.shape[1]
    waiting, finished, tick = 0, 0, 0
    live, seen, free = NO_LANE, NO_LANE, ~NO_LANE  # lanes, a bit each: at work; whose rule has held; to be filled
    clock[UPDATE] = clock[PAUSE] = 0

    while True:
        if clock[PAUSE] == 0:
            for lane in range(width if free != NO_LANE else 0):
                bit = _ONE << np.uint64(lane)
                if free & bit == NO_LANE:
                    continue
                due[lane] = point_due[lane] = tenth_due[lane] = _NO_TICK
                if waiting == len(trials.step):
                    continue
                for k in range(parameters):
                    numbers[order[k], lane] = trials.initial[waiting, k]
                    numbers[velocities + k, lane] = 0.0
                step[lane], momentum[lane] = trials.step[waiting], trials.momentum[waiting]
                threshold[lane] = trials.threshold[waiting]
                trial[lane], begun[lane], point[lane] = waiting, tick, 0
                due[lane] = tick + trials.epochs[waiting]
                if len(curve) > 0:
                    point_due[lane] = tick + curve[0]
                if fates > 0:
                    tenth_due[lane] = tick + last_tenth(trials.epochs[waiting])
                    lanes[TENTH, lane] = tenth_due[lane]
                out.epochs_to_convergence[waiting] = NEVER
                live |= bit
                seen &= ~bit
                waiting += 1
            free = NO_LANE
            if live == NO_LANE or cancel[0]:
                return finished
            clock[EVENT] = earliest(lanes)

        clock[TICK], masks[LIVE], masks[SEEN] = tick, live, seen
        call(
            advancing,
            (kind, None, None, None, None, None, inputs, targets, metric, numbers, layout, cancel, clock, masks),
        )
        tick = clock[TICK]
        if clock[PAUSE] != 0:  # the update alone was made, and lanes wait to be filled
            clock[UPDATE] = clock[PAUSE] = 0
            continue

        held, ending = masks[HELD], False
        for lane in range(width):
            if held & ~seen & (_ONE << np.uint64(lane)) != NO_LANE:
                out.epochs_to_convergence[trial[lane]] = tick - begun[lane]
                if stop:
                    due[lane] = tick
            if point_due[lane] == tick:
                out.losses[trial[lane], point[lane]] = number(losses[lane])
                point[lane] += 1
                point_due[lane] = begun[lane] + curve[point[lane]] if point[lane] < len(curve) else _NO_TICK
            if tenth_due[lane] == tick:
                begin_last_tenth(lane, layout[SINGLE, 0], numbers)
                tenth_due[lane] = _NO_TICK
            if due[lane] == tick:
                ending = True
        seen |= held
        if ending:
            if fates > 0:
                call(looking_back, (kind, inputs, targets, numbers, layout, lanes, tick, found))
            if len(probes) > 0:
                call(answering, (kind, probes, numbers, layout))
        for lane in range(width if ending else 0):
            if due[lane] != tick:
                continue
            t, bit = trial[lane], _ONE << np.uint64(lane)
            out.loss[t] = number(losses[lane])
            finite = is_finite(out.loss[t])
            for k in range(parameters):
                weight = number(numbers[order[k], lane])
                finite &= is_finite(weight)
                if out.weights.shape[1] > 0:
                    out.weights[t, k] = weight
            out.max_error[t] = worst_error(lane, targets, outputs, numbers)
            out.epochs_run[t] = tick - begun[lane]
            out.diverged[t] = not finite
            out.holds_at_end[t] = held & bit != NO_LANE and finite
            if not finite:
                out.epochs_to_convergence[t] = NEVER
            record_answers(lane, t, outputs, numbers, out.outputs)
            record_answers(lane, t, answers, numbers, out.probes)
            for k in range(point[lane], len(curve)):
                out.losses[t, k] = np.nan
            for k in range(fates):
                out.fates[t, k] = found[k, lane]
            finished += 1
            free |= bit
        live &= ~free
        clock[UPDATE], clock[PAUSE] = 1, free != NO_LANE


def parts(
    kind: Any,
    inputs: Any,
    targets: Any,
    probes: Any,
    space: Memory,
    cancel: Any,
    *,
    online: bool,
    momentum: bool,
    fates: bool,
) -> list[tuple[Any, tuple[Any, ...]] | None]:
    """The kernels whose addresses `train` takes, each with arguments as it will be given, where it is needed."""
    numbers, layout, _, lanes, found, clock, masks = space
    tiles = Tiles(len(inputs) - online)
    variant = (kind if wanted else None for wanted in (tiles.several, online, momentum, fates))
    return [
        (advance, (kind, tiles, *variant, inputs, targets, 0, numbers, layout, cancel, clock, masks)),
        (answer, (kind, probes, numbers, layout)) if len(probes) else None,
        (look_back, (kind, inputs, targets, numbers, layout, lanes, 0, found)) if fates else None,
    ]
