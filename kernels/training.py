"""Many trainings of one network shape: lanes run side by side, and a lane that is done takes the next trial.

Time is counted in ticks, one an epoch of every lane. A lane's trial begins at some tick, and its epochs are the ticks
since. What is rare (a trial's end, a point of a loss curve) is found by comparing the tick with the next one at which
something is due; what lies between is the work of `kernels.epochs`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.calls import WORDS, call, words
from kernels.choices import CHOSEN
from kernels.convergence import NEVER
from kernels.epochs import EVENT, FRESH, HELD, LIVE, NO_LANE, PAUSE, SEEN, TICK, UPDATE, advance, answer
from kernels.fates import begin_last_tenth, last_tenth, look_back
from kernels.jit import kernel
from kernels.memory import (
    BEGUN,
    DUE,
    LOSS,
    OUTPUTS,
    PLACE,
    POINT,
    POINT_DUE,
    PROBES,
    SINGLE,
    STEP,
    TENTH,
    TENTH_DUE,
    TRIAL,
    VELOCITIES,
    Memory,
)
from kernels.records import earliest, get, is_finite, put, worst_error
from kernels.tiles import Tiles
from kernels.trials import Outcomes, Trials
from kernels.views import view

_ADVANCE, _ANSWER, _LOOK_BACK = range(3)
_EPOCHS, _EPOCHS_RUN, _HOLDS_AT_END, _DIVERGED = range(4)
_ONE = np.uint64(1)
_NO_TICK = 2**62


@kernel
def train(
    calls: Any,
    stop: bool,
    fates: int,
    initial: Any,
    settings: Any,
    epochs: Any,
    curve: Any,
    targets: Any,
    width: int,
    rows: Any,
    layout: Any,
    doubles: Any,
    singles: Any,
    lanes: Any,
    found: Any,
    clock: Any,
    masks: Any,
    cancel: Any,
    numbers: Any,
    counts: Any,
) -> int:
    """Train every trial into `numbers` and `counts`, those of `Outcomes`; the number of trials finished.

    That is all of them, unless `cancel[0]` becomes true. The arguments are those that `arguments` gives.
    """
    initial, settings, epochs, curve, targets = view(initial), view(settings), view(epochs), view(curve), view(targets)
    rows, layout, doubles, singles, lanes = view(rows), view(layout), view(doubles), view(singles), view(lanes)
    found, clock, masks, numbers, counts = view(found), view(clock), view(masks), view(numbers), view(counts)
    single, velocities = layout[SINGLE, 0] * width, layout[VELOCITIES, 0] * width
    losses, outputs = single + LOSS * width, layout[OUTPUTS, 0] * width
    parameters, points = initial.shape[1], curve.shape[0]
    recorded = numbers.shape[1] - 2 - points - fates
    waiting, finished, tick = 0, 0, 0
    live, seen, free = NO_LANE, NO_LANE, ~NO_LANE  # lanes, a bit each: at work; whose rule has held; to be filled
    clock[UPDATE] = clock[PAUSE] = 0

    while True:
        if clock[PAUSE] == 0:
            masks[FRESH] = NO_LANE
            for lane in range(lanes.shape[1] if free != NO_LANE else 0):
                bit = _ONE << np.uint64(lane)
                if free & bit == NO_LANE:
                    continue
                lanes[DUE, lane] = lanes[POINT_DUE, lane] = lanes[TENTH_DUE, lane] = _NO_TICK
                if waiting == initial.shape[0]:
                    continue
                place = lanes[PLACE, lane]
                for k in range(parameters):
                    put(place + rows[k] * width, initial[waiting, k], doubles, singles)
                    put(place + velocities + k * width, 0.0, doubles, singles)
                for k in range(3):  # the step, the momentum and the threshold
                    put(place + single + (STEP + k) * width, settings[waiting, k], doubles, singles)
                lanes[TRIAL, lane], lanes[BEGUN, lane], lanes[POINT, lane] = waiting, tick, 0
                lanes[DUE, lane] = tick + epochs[waiting]
                if points > 0:
                    lanes[POINT_DUE, lane] = tick + curve[0]
                if fates > 0:
                    lanes[TENTH, lane] = lanes[TENTH_DUE, lane] = tick + last_tenth(epochs[waiting])
                counts[waiting, _EPOCHS] = NEVER
                live |= bit
                masks[FRESH] |= bit
                seen &= ~bit
                waiting += 1
            free = NO_LANE
            if live == NO_LANE or cancel[0]:
                return finished
            clock[EVENT] = earliest(lanes)

        clock[TICK], masks[LIVE], masks[SEEN] = tick, live, seen
        call(calls, _ADVANCE)
        tick = clock[TICK]
        if clock[PAUSE] != 0:  # the update alone was made, and lanes wait to be filled
            clock[UPDATE] = clock[PAUSE] = 0
            continue

        held, ending = masks[HELD], False
        for lane in range(lanes.shape[1]):
            t = lanes[TRIAL, lane]
            if held & ~seen & (_ONE << np.uint64(lane)) != NO_LANE:
                counts[t, _EPOCHS] = tick - lanes[BEGUN, lane]
                if stop:
                    lanes[DUE, lane] = tick
            if lanes[POINT_DUE, lane] == tick:
                point = lanes[POINT, lane]
                numbers[t, 2 + recorded + point] = get(lanes[PLACE, lane] + losses, doubles, singles)
                lanes[POINT, lane] = point + 1
                lanes[POINT_DUE, lane] = lanes[BEGUN, lane] + curve[point + 1] if point + 1 < points else _NO_TICK
            if lanes[TENTH_DUE, lane] == tick:
                begin_last_tenth(lanes[PLACE, lane] + single, width, doubles, singles)
                lanes[TENTH_DUE, lane] = _NO_TICK
            if lanes[DUE, lane] == tick:
                ending = True
        seen |= held
        for which in range(_ANSWER, _LOOK_BACK + 1):
            if ending and calls[which, 0] != 0:
                call(calls, which)
        for lane in range(lanes.shape[1] if ending else 0):
            if lanes[DUE, lane] != tick:
                continue
            t, bit = lanes[TRIAL, lane], _ONE << np.uint64(lane)
            place = lanes[PLACE, lane]
            loss = get(place + losses, doubles, singles)
            finite = is_finite(loss)
            for k in range(parameters):
                finite &= is_finite(get(place + rows[k] * width, doubles, singles))
            numbers[t, 0] = loss
            numbers[t, 1] = worst_error(place + outputs, width, targets, doubles, singles)
            for k in range(recorded):
                numbers[t, 2 + k] = get(place + rows[rows.shape[0] - recorded + k] * width, doubles, singles)
            for k in range(lanes[POINT, lane], points):
                numbers[t, 2 + recorded + k] = np.nan
            for k in range(fates):
                numbers[t, 2 + recorded + points + k] = found[k, lane]
            counts[t, _EPOCHS_RUN] = tick - lanes[BEGUN, lane]
            counts[t, _HOLDS_AT_END] = held & bit != NO_LANE and finite
            counts[t, _DIVERGED] = not finite
            if not finite:
                counts[t, _EPOCHS] = NEVER
            finished += 1
            free |= bit
        live &= ~free
        clock[UPDATE], clock[PAUSE] = 1, free != NO_LANE


def arguments(
    kind: Any,
    inputs: NDArray[Any],
    targets: NDArray[Any],
    probes: NDArray[Any],
    metric: int,
    stop: bool,
    curve: NDArray[np.int64],
    trials: Trials,
    space: Memory,
    cancel: NDArray[np.bool_],
    out: Outcomes,
    *,
    online: bool,
    momentum: bool,
    address: Callable[[Any, tuple[Any, ...]], int],
) -> tuple[Any, ...]:
    """What `train` takes; the arrays given here must be kept alive until it is done.

    `inputs` (inputs, samples) and `probes` (inputs, probes), with a last row of ones where there are biases, and
    `targets` (samples, outputs) are of the kind's dtype. `metric` is one of kernels.convergence; `stop` ends a trial
    where its rule first holds; `curve` holds ascending epochs at which to record the loss. `space` is a `Memory` that
    no other call has changed. `address` compiles a kernel for arguments and gives its address: kernels.epochs.advance,
    compiled for the kind of update (with velocities an update is rounded twice, so that trials with and without
    momentum must not share a call); kernels.epochs.answer where there are probes; kernels.fates.look_back where fates
    are asked for.
    """
    numbers, layout, order, lanes, found, clock, masks = space
    tiles, fates = Tiles(len(targets) - online), out.widths["fates"]
    variant = (
        kind if tiles.several else None,
        CHOSEN if online else None,
        kind if momentum else None,
        CHOSEN if fates else None,
    )
    calls = np.zeros((3, 1 + WORDS), np.int64)
    taken = kind, tiles, *variant, inputs, targets, metric, numbers, layout, cancel, clock, masks
    calls[_ADVANCE] = words(address(advance, taken), taken)
    if probes.shape[1] > 0:
        asked = kind, Tiles(1), probes, numbers, layout
        calls[_ANSWER] = words(address(answer, asked), asked)
    if fates > 0:
        ended = kind, Tiles(1), inputs, targets, numbers, layout, lanes, clock, found
        calls[_LOOK_BACK] = words(address(look_back, ended), ended)
    outputs = layout[OUTPUTS, 0] + np.arange(out.widths["outputs"])
    answers = layout[PROBES, 0] + np.arange(out.widths["probes"])
    flat, none = numbers.reshape(-1), np.empty(0)
    double = numbers.dtype == np.float64
    return (
        calls,
        stop,
        fates,
        trials.initial,
        np.column_stack([trials.step, trials.momentum, trials.threshold]),
        trials.epochs,
        curve,
        targets.ravel().astype(float),
        kind.width,
        np.concatenate([order, outputs, answers]),
        layout,
        flat if double else none,
        none.astype(np.float32) if double else flat,
        lanes,
        found,
        clock,
        masks,
        cancel,
        out.numbers,
        out.counts,
    )
