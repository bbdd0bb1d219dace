"""The epochs between two events of a conveyor: nothing but arithmetic, compiled anew for each kind of update.

`kernels.training` calls this at its address. What both know of time stands in two arrays: the clock, and masks of lanes
with a bit for each lane.
"""

from typing import Any

import numpy as np

from kernels.convergence import holding, mean_squared_error
from kernels.jit import callee
from kernels.lanes import clip
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
from kernels.memory import (
    DELTAS,
    ERRORS,
    GRADIENTS,
    HIDDEN,
    LOSS,
    LOSS_RISE,
    LOWEST_LOSS,
    MOMENTUM,
    OUTPUTS,
    PROBES,
    SINGLE,
    STEP,
    THRESHOLD,
    VELOCITIES,
    WEIGHTS,
    pair,
    part,
)

# The clock: the tick; the next at which something is due; whether to begin with the update of the tick before, which
# is still to be made, and to do no more than that.
TICK, EVENT, UPDATE, PAUSE = range(4)
# Lanes at work; those whose rule has held at some tick; those in which it holds now.
LIVE, SEEN, HELD = range(3)
NO_LANE = np.uint64(0)


@callee
def advance(
    kind: Any,
    online: Any,
    momentum: Any,
    fates: Any,
    inputs: Any,
    targets: Any,
    metric: int,
    numbers: Any,
    layout: Any,
    cancel: Any,
    clock: Any,
    masks: Any,
) -> None:
    """Train until something is due, a rule holds for the first time in a lane, or `cancel[0]` becomes true.

    Then `clock`, `masks[HELD]`, outputs and losses are those of that tick, whose update is still to be made. Three
    arguments choose what is compiled, by being None or not: `online` updates, or batch ones; `momentum` above 0 in
    every lane, or 0 in every one; whether `fates` are asked for. The others are those of kernels.training.train.
    """
    W1, W2 = pair(numbers, layout, WEIGHTS, kind)
    hidden, deltas = part(numbers, layout, HIDDEN, kind), part(numbers, layout, DELTAS, kind)
    errors, outputs = part(numbers, layout, ERRORS, kind)[0], part(numbers, layout, OUTPUTS, kind)
    single = part(numbers, layout, SINGLE, kind)
    if online is None:
        G1, G2 = pair(numbers, layout, GRADIENTS, kind)
    if momentum is not None:
        V1, V2 = pair(numbers, layout, VELOCITIES, kind)

    step, momenta, threshold = single[STEP, 0], single[MOMENTUM, 0], single[THRESHOLD, 0]
    samples = inputs.shape[0]
    tick, due, update = clock[TICK], clock[EVENT], clock[UPDATE] != 0
    live, seen = masks[LIVE], masks[SEEN]
    while True:
        if update:
            tick += 1
            if online is None:
                if momentum is not None:
                    descend_with_momentum(step, momenta, W1, G1, V1)
                    descend_with_momentum(step, momenta, W2, G2, V2)
                else:
                    descend(step, W1, G1)
                    descend(step, W2, G2)
            else:
                for s in range(samples if live != NO_LANE else 0):
                    feedforward(s, s + 1, inputs, W1, W2, hidden, outputs)
                    output_deltas(s, s + 1, targets, outputs, deltas)
                    if momentum is not None:
                        descend_online_with_momentum(s, inputs, hidden, deltas, step, momenta, W1, W2, V1, V2)
                    else:
                        descend_online(s, inputs, hidden, deltas, step, W1, W2)
            if clock[PAUSE] != 0:
                clock[TICK] = tick
                return

        # The outputs at the weights of this tick, and in batch mode the gradients with them.
        for first in range(0, samples, TILE):
            last = min(first + TILE, samples)
            feedforward(first, last, inputs, W1, W2, hidden, outputs)
            if online is None:
                output_deltas(first, last, targets, outputs, deltas)
                accumulate(first, last, inputs, hidden, deltas, errors, W2, G1, G2)
        loss = mean_squared_error(targets, outputs)
        single[LOSS, 0] = loss
        if fates is not None:
            least = clip(single[LOWEST_LOSS, 0], -np.inf, loss)
            single[LOWEST_LOSS, 0] = least
            single[LOSS_RISE, 0] = clip(single[LOSS_RISE, 0], loss - least, np.inf)
        held = holding(metric, targets, outputs, loss, threshold) & live
        if tick == due or held & ~seen != NO_LANE or cancel[0]:
            clock[TICK], masks[HELD] = tick, held
            return
        update = True


@callee
def answer(kind: Any, probes: Any, numbers: Any, layout: Any) -> None:
    """Answer the probes (probes, inputs)."""
    W1, W2 = pair(numbers, layout, WEIGHTS, kind)
    hidden, answers = part(numbers, layout, HIDDEN, kind), part(numbers, layout, PROBES, kind)
    for p in range(probes.shape[0]):
        feedforward(p, p + 1, probes, W1, W2, hidden, answers)
