"""The epochs between two events of a conveyor: nothing but arithmetic, compiled anew for each kind of update.

`kernels.training` calls this at its address. What both know of time stands in two arrays: the clock, and masks of lanes
with a bit for each lane.
"""

from typing import Any

import numpy as np

from kernels.convergence import holding, mean_squared_error
from kernels.hints import aligned_stack
from kernels.jit import callee
from kernels.lanes import clip
from kernels.layers import (
    accumulate,
    activate_hidden,
    activate_outputs,
    descend_and_sum,
    descend_and_sum_online,
    feedforward,
    output_deltas,
    sum_hidden,
    sum_inputs,
)
from kernels.memory import (
    DELTAS,
    GRADIENTS,
    HIDDEN,
    LOSS,
    LOSS_RISE,
    LOWEST_LOSS,
    MOMENTUM,
    OUTPUTS,
    PROBES,
    SINGLE,
    SPARE,
    STEP,
    THRESHOLD,
    VELOCITIES,
    WEIGHTS,
    pair,
    part,
)
from kernels.tiles import TILE, size
from kernels.views import shifted, view

# The clock: the tick; the next at which something is due; whether to begin with the update of the tick before, which
# is still to be made, and to do no more than that.
TICK, EVENT, UPDATE, PAUSE = range(4)
# Lanes at work; those whose rule has held at some tick; those in which it holds now.
LIVE, SEEN, HELD = range(3)
NO_LANE = np.uint64(0)


@callee
def advance(
    kind: Any,
    tiles: Any,
    several: Any,
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

    Then `clock`, `masks[HELD]`, outputs and losses are those of that tick, whose update is still to be made. Five
    arguments choose what is compiled: the `tiles` that samples come in (of online updates: those from the second on),
    and, by being None or not, whether there are `several`; `online` updates, or batch ones; `momentum` above 0 in every
    lane, or 0 in every one; whether `fates` are asked for. The others are those of kernels.training.train.

    Each loop runs over the groups of lanes, of which one fills a register or two, so that the steps of a network, which
    wait for each other, stand beside those of other networks.
    """
    aligned_stack()
    inputs, targets = view(inputs), view(targets)
    W1, W2 = pair(numbers, layout, WEIGHTS, kind)
    G1, G2 = pair(numbers, layout, GRADIENTS, several)
    V1, V2 = pair(numbers, layout, VELOCITIES, momentum)
    hidden, spare = part(numbers, layout, HIDDEN, kind), part(numbers, layout, SPARE, kind)
    outputs, deltas = part(numbers, layout, OUTPUTS, kind), part(numbers, layout, DELTAS, kind)
    single = part(numbers, layout, SINGLE, kind)

    width = kind.width
    groups, samples = numbers.shape[1] // width, inputs.shape[0]
    last = samples - size(tiles.last)
    tick, due, update = clock[TICK], clock[EVENT], clock[UPDATE] != 0
    live, seen = masks[LIVE], masks[SEEN]
    while True:
        tick += update
        if online is None:
            for g in range(groups if update else 0):
                output_deltas(last, tiles.last, targets, shifted(outputs, g), shifted(deltas, g))
            for g in range(groups):
                if update:
                    descend_and_sum(
                        kind,
                        last,
                        tiles.last,
                        tiles.first,
                        inputs,
                        shifted(hidden, g),
                        shifted(deltas, g),
                        shifted(single, g)[STEP, 0],
                        shifted(single, g)[MOMENTUM, 0],
                        shifted(W1, g),
                        shifted(W2, g),
                        shifted(G1, g),
                        shifted(G2, g),
                        shifted(V1, g),
                        shifted(V2, g),
                    )
                else:  # lanes hold new weights
                    sum_inputs(kind, 0, tiles.first, inputs, shifted(W1, g), shifted(hidden, g))
            for g in range(groups):
                activate_hidden(tiles.first, shifted(W1, g), shifted(hidden, g))
        else:
            s = 0 if update else samples - 1
            while s < samples:
                following = s + 1 if s + 1 < samples else 0
                for g in range(groups):
                    if update:
                        output_deltas(s, tiles.single, targets, shifted(outputs, g), shifted(deltas, g))
                        descend_and_sum_online(
                            kind,
                            s,
                            tiles.single,
                            following,
                            inputs,
                            shifted(hidden, g),
                            shifted(deltas, g),
                            shifted(single, g)[STEP, 0],
                            shifted(single, g)[MOMENTUM, 0],
                            shifted(W1, g),
                            shifted(W2, g),
                            shifted(V1, g),
                            shifted(V2, g),
                        )
                    else:
                        sum_inputs(kind, following, tiles.single, inputs, shifted(W1, g), shifted(hidden, g))
                for g in range(groups):
                    activate_hidden(tiles.single, shifted(W1, g), shifted(hidden, g))
                for g in range(groups):
                    sum_hidden(kind, following, tiles.single, shifted(hidden, g), shifted(W2, g), shifted(outputs, g))
                for g in range(groups):
                    activate_outputs(following, tiles.single, shifted(outputs, g))
                s += 1
        if update and clock[PAUSE] != 0:
            clock[TICK] = tick
            return

        if online is None:
            # The outputs at the weights of this tick, and the gradients of all tiles but the last.
            if several is not None:
                for first in range(0, last, TILE):
                    for g in range(groups):
                        if first > 0:
                            sum_inputs(kind, first, tiles.full, inputs, shifted(W1, g), shifted(hidden, g))
                            activate_hidden(tiles.full, shifted(W1, g), shifted(hidden, g))
                        sum_hidden(kind, first, tiles.full, shifted(hidden, g), shifted(W2, g), shifted(outputs, g))
                    for g in range(groups):
                        activate_outputs(first, tiles.full, shifted(outputs, g))
                    for g in range(groups):
                        output_deltas(first, tiles.full, targets, shifted(outputs, g), shifted(deltas, g))
                        accumulate(
                            kind,
                            first,
                            tiles.full,
                            inputs,
                            shifted(hidden, g),
                            shifted(deltas, g),
                            shifted(W2, g),
                            shifted(G1, g),
                            shifted(G2, g),
                        )
                for g in range(groups):
                    sum_inputs(kind, last, tiles.last, inputs, shifted(W1, g), shifted(hidden, g))
                    activate_hidden(tiles.last, shifted(W1, g), shifted(hidden, g))
            for g in range(groups):
                sum_hidden(kind, last, tiles.last, shifted(hidden, g), shifted(W2, g), shifted(outputs, g))
            for g in range(groups):
                activate_outputs(last, tiles.last, shifted(outputs, g))
        else:
            # The first sample is answered already. Where it rules out that a rule holds the others need no answer.
            possible = NO_LANE
            for g in range(groups):
                its, answers = shifted(single, g), shifted(outputs, g)
                loss = mean_squared_error(1, targets, answers)
                held = holding(metric, 1, targets, answers, loss, its[THRESHOLD, 0])
                possible |= held << np.uint64(g * width)
            if fates is None and tick != due and possible & live & ~seen == NO_LANE and not cancel[0]:
                update = True
                continue
            for first in range(1, samples, TILE):
                for g in range(groups):
                    weights, units, answers = shifted(W1, g), shifted(spare, g), shifted(outputs, g)
                    if first == last:
                        feedforward(kind, first, tiles.last, inputs, weights, shifted(W2, g), units, answers)
                    elif several is not None:
                        feedforward(kind, first, tiles.full, inputs, weights, shifted(W2, g), units, answers)

        held = NO_LANE
        for g in range(groups):
            its, answers = shifted(single, g), shifted(outputs, g)
            loss = mean_squared_error(samples, targets, answers)
            its[LOSS, 0] = loss
            if fates is not None:
                least = clip(its[LOWEST_LOSS, 0], -np.inf, loss)
                its[LOWEST_LOSS, 0] = least
                its[LOSS_RISE, 0] = clip(its[LOSS_RISE, 0], loss - least, np.inf)
            held |= holding(metric, samples, targets, answers, loss, its[THRESHOLD, 0]) << np.uint64(g * width)
        held &= live
        if tick == due or held & ~seen != NO_LANE or cancel[0]:
            clock[TICK], masks[HELD] = tick, held
            return
        update = True


@callee
def answer(kind: Any, probes: Any, numbers: Any, layout: Any) -> None:
    """Answer the probes (probes, inputs)."""
    asked = view(probes)
    W1, W2 = pair(numbers, layout, WEIGHTS, kind)
    hidden, answers = part(numbers, layout, SPARE, kind), part(numbers, layout, PROBES, kind)
    for p in range(probes.shape[0]):
        for g in range(numbers.shape[1] // kind.width):
            feedforward(kind, p, 1, asked, shifted(W1, g), shifted(W2, g), shifted(hidden, g), shifted(answers, g))
