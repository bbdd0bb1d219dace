"""The epochs between two events of a conveyor: nothing but arithmetic, compiled anew for each kind of update.

`kernels.training` calls this at its address. What both know of time stands in two arrays: the clock, and masks of lanes
with a bit for each lane.
"""

from typing import Any

import numpy as np

from kernels.convergence import holding, mean, squared_errors
from kernels.hints import aligned_stack, opaque
from kernels.jit import callee, inline
from kernels.lanes import clip
from kernels.layers import (
    activate_hidden,
    activate_outputs,
    feedforward,
    learn_and_sum,
    learn_and_sum_online,
    output_deltas,
    sum_hidden,
    sum_inputs,
)
from kernels.memory import LOSS, LOSS_RISE, LOWEST_LOSS, MOMENTUM, STEP, THRESHOLD, networks
from kernels.tiles import TILE, size
from kernels.views import shifted, view

# The clock: the tick; the next at which something is due; whether to begin with the update of the tick before, which
# is still to be made, and to do no more than that.
TICK, EVENT, UPDATE, PAUSE = range(4)
# Lanes at work; those whose rule has held at some tick; those in which it holds now; those that hold new weights where
# the clock does not ask for an update.
LIVE, SEEN, HELD, FRESH = range(4)
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
    lane, or 0 in every one; whether `fates` are asked for. The others are those of kernels.training.arguments.

    Each loop runs over the groups of lanes, of which one fills a register or two, so that the steps of a network, which
    wait for each other, stand beside those of other networks.
    """
    aligned_stack()
    inputs, targets = view(inputs), view(targets)
    first_group = networks(numbers, layout, kind, several, momentum)
    groups, rows, samples = numbers.shape[0], numbers.shape[1], inputs.shape[1]
    last = samples - size(tiles.last)
    tick, due, update = clock[TICK], clock[EVENT], clock[UPDATE]
    wanted = masks[LIVE] & ~masks[SEEN]
    while True:
        update = opaque(update)
        tick += update
        if online is None:
            for g in range(groups):
                some = min(opaque(g), 1)
                net, before = shifted(first_group, g * rows), shifted(first_group, (g - some) * rows)
                if update:
                    step, factor = net.single[STEP, 0], net.single[MOMENTUM, 0]
                    learn_and_sum(
                        kind, last, tiles.last, 0, tiles.first, inputs, net, step, factor, before.hidden, some
                    )
                elif holds_fresh(kind, g, masks):
                    sum_inputs(kind, 0, tiles.first, inputs, net.W1, net.hidden)
                    activate_hidden(tiles.first, net.W1, net.hidden)
            if update:
                net = shifted(first_group, (groups - 1) * rows)
                activate_hidden(tiles.first, net.W1, net.hidden)
        else:
            s = 0 if update else samples - 1
            while s < samples:
                following = s + 1 if s + 1 < samples else 0
                for g in range(groups):
                    some = min(opaque(g), 1)
                    net, before = shifted(first_group, g * rows), shifted(first_group, (g - some) * rows)
                    if update:
                        output_deltas(s, tiles.single, targets, net.outputs, net.deltas, net.single[LOSS, 0])
                        learn_and_sum_online(kind, s, following, tiles.single, inputs, net, before.hidden, some)
                    elif holds_fresh(kind, g, masks):
                        sum_inputs(kind, following, tiles.single, inputs, net.W1, net.hidden)
                        activate_hidden(tiles.single, net.W1, net.hidden)
                if update:
                    net = shifted(first_group, (groups - 1) * rows)
                    activate_hidden(tiles.single, net.W1, net.hidden)
                for slot in range(groups + 1):
                    if slot < groups:
                        net = shifted(first_group, slot * rows)
                        sum_hidden(kind, following, tiles.single, net.hidden, net.W2, net.outputs)
                    if slot > 0:
                        activate_outputs(following, tiles.single, shifted(first_group, (slot - 1) * rows).outputs)
                s += 1
        if update and clock[PAUSE] != 0:
            clock[TICK] = tick
            return

        held = NO_LANE
        if online is None:
            if several is not None:
                # The gradients of all tiles but the last.
                for first in range(0, last, TILE):
                    for slot in range(groups + 2):
                        answer_in_turn(kind, slot, groups, rows, first, tiles.full, targets, first_group)
                    following = first + TILE
                    for g in range(groups):
                        some = min(opaque(g), 1)
                        net, before = shifted(first_group, g * rows), shifted(first_group, (g - some) * rows).hidden
                        if following < last:
                            learn_and_sum(
                                kind, first, tiles.full, following, tiles.full, inputs, net, None, None, before, some
                            )
                        else:
                            learn_and_sum(
                                kind, first, tiles.full, following, tiles.last, inputs, net, None, None, before, some
                            )
                    net = shifted(first_group, (groups - 1) * rows)
                    if following < last:
                        activate_hidden(tiles.full, net.W1, net.hidden)
                    else:
                        activate_hidden(tiles.last, net.W1, net.hidden)
            for slot in range(groups + 2):
                answer_in_turn(kind, slot, groups, rows, last, tiles.last, targets, first_group)
                if slot > 1:
                    held |= judge(kind, slot - 2, shifted(first_group, (slot - 2) * rows), metric, targets, fates)
        else:
            # The first sample is answered already. Where it rules out that a rule holds the others need no answer.
            possible, one = NO_LANE, size(tiles.single)
            for g in range(groups):
                net = shifted(first_group, g * rows)
                total = squared_errors(one, targets, net.outputs)
                lanes = holding(metric, one, targets, net.outputs, total, net.single[THRESHOLD, 0])
                possible |= lanes << np.uint64(g * kind.width)
            if fates is None and tick != due and possible & wanted == NO_LANE and not cancel[0]:
                update = 1
                continue
            for first in range(1, samples, TILE):
                for slot in range(groups + 1):
                    if first == last:
                        answer_beside_in_turn(kind, slot, groups, rows, first, tiles.last, inputs, first_group)
                    elif several is not None:
                        answer_beside_in_turn(kind, slot, groups, rows, first, tiles.full, inputs, first_group)
            for g in range(groups):
                net = shifted(first_group, g * rows)
                its = net.single
                its[LOSS, 0] = squared_errors(samples, targets, net.outputs)
                held |= judge(kind, g, net, metric, targets, fates)
        if tick == due or held & wanted != NO_LANE or cancel[0]:
            clock[TICK], masks[HELD] = tick, held & masks[LIVE]
            for g in range(groups):
                its = shifted(first_group, g * rows).single
                its[LOSS, 0] = mean(its[LOSS, 0], targets)
            return
        update = 1


@inline
def holds_fresh(kind: Any, g: int, masks: Any) -> bool:
    """Whether lanes of a group hold new weights, so that its hidden units are still those of the old ones."""
    return (masks[FRESH] >> np.uint64(g * kind.width)) << np.uint64(64 - kind.width) != NO_LANE


@inline
def answer_in_turn(
    kind: Any, slot: int, groups: int, rows: int, first: int, count: Any, targets: Any, first_group: Any
) -> None:
    """Answer a tile: the sums of group `slot`, the activations of the one before it, the deltas of the one before that.

    None of the three waits for another.
    """
    slot = opaque(slot)
    if slot < groups:
        net = shifted(first_group, slot * rows)
        sum_hidden(kind, first, count, net.hidden, net.W2, net.outputs)
    if 0 < slot <= groups:
        activate_outputs(first, count, shifted(first_group, (slot - 1) * rows).outputs)
    if slot > 1:
        net = shifted(first_group, (slot - 2) * rows)
        its = net.single
        if first == 0:
            its[LOSS, 0] = 0.0
        its[LOSS, 0] = output_deltas(first, count, targets, net.outputs, net.deltas, its[LOSS, 0])


@inline
def answer_beside_in_turn(
    kind: Any, slot: int, groups: int, rows: int, first: int, count: Any, inputs: Any, first_group: Any
) -> None:
    """Answer a tile from the inputs on, beside the hidden units that are to be learned from."""
    slot = opaque(slot)
    if slot < groups:
        net = shifted(first_group, slot * rows)
        sum_inputs(kind, first, count, inputs, net.W1, net.spare)
        activate_hidden(count, net.W1, net.spare)
    if slot > 0:
        net = shifted(first_group, (slot - 1) * rows)
        sum_hidden(kind, first, count, net.spare, net.W2, net.outputs)
        activate_outputs(first, count, net.outputs)


@inline
def judge(kind: Any, g: int, net: Any, metric: int, targets: Any, fates: Any) -> Any:
    """Look at the squared errors of a group, still a sum and not the loss; the lanes in which the rule holds."""
    its = net.single
    total = its[LOSS, 0]
    if fates is not None:
        loss = mean(total, targets)
        least = clip(its[LOWEST_LOSS, 0], -np.inf, loss)
        its[LOWEST_LOSS, 0] = least
        its[LOSS_RISE, 0] = clip(its[LOSS_RISE, 0], loss - least, np.inf)
    lanes = holding(metric, targets.shape[0], targets, net.outputs, total, its[THRESHOLD, 0])
    return lanes << np.uint64(g * kind.width)


@callee
def answer(kind: Any, tiles: Any, probes: Any, numbers: Any, layout: Any) -> None:
    """Answer the probes (inputs, probes), one by one."""
    asked = view(probes)
    first_group = networks(numbers, layout, kind, None, None)
    for p in range(probes.shape[1]):
        for g in range(numbers.shape[0]):
            net = shifted(first_group, g * numbers.shape[1])
            feedforward(kind, p, tiles.single, asked, net.W1, net.W2, net.spare, net.probes)
