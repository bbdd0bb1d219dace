"""One network of sigmoids, forward and back, many trials wide.

`inputs` (inputs, samples) and `targets` (samples, outputs) are views of numbers, all other arrays views of `Lanes`. W1
is (hidden, inputs), W2 (outputs, hidden): a unit's incoming weights side by side. A bias is the weight of one more
input, or hidden unit, whose value is always 1; this saves a variant of everything. A "step" is the learning rate times
the objective's factor; gradients are those of half the squared error, pointing downhill.

Samples come in tiles of `count` from number `first` on; `hidden` (hidden, TILE) and `deltas` (outputs, TILE) are the
memory of one tile. Where `count` is known to the compiler, what is summed over a tile's samples stays in registers: in
memory, every second operand of an operation, a training took 1.2 times as long, as AVX-512 loads and stores whole cache
lines. All that belongs to the samples of a tile lies side by side, at distances that the compiler knows.

G and V are None where there are no gradients of earlier tiles, or no velocities; what is None is left out of the
compiled code. A `net` is a kernels.memory.Network. Sums begin with -0.0, to which a product adds as to nothing. Rows
follow each other, so that [0, k] counts through all of them.
"""

from typing import Any

from kernels.elementary import sigmoid
from kernels.hints import rolled
from kernels.jit import inline
from kernels.lanes import fma
from kernels.memory import MOMENTUM, STEP
from kernels.pending import begin, finish, take
from kernels.tiles import TILE, size
from kernels.views import local


@inline
def slope(activation: Any) -> Any:
    """The derivative of the sigmoid, a (1 - a), where its value is `activation`."""
    return fma(-activation, activation, activation)


@inline
def sum_inputs(kind: Any, first: int, count: Any, inputs: Any, W1: Any, hidden: Any) -> None:
    """Each hidden unit's pre-activation."""
    for h in range(W1.shape[0]):
        rolled()
        z = local(kind, TILE)
        for t in range(size(count)):
            z[t] = -0.0
        for i in range(W1.shape[1]):
            rolled()
            weight = W1[h, i]
            for t in range(size(count)):
                z[t] = fma(inputs[i, first + t], weight, z[t])
        for t in range(size(count)):
            hidden[0, h * TILE + t] = z[t]


@inline
def activate_hidden(count: Any, W1: Any, hidden: Any) -> None:
    """The sigmoid of each hidden unit's pre-activation, in its place."""
    for h in range(W1.shape[0]):
        rolled()
        for t in range(size(count)):
            hidden[0, h * TILE + t] = sigmoid(hidden[0, h * TILE + t])


@inline
def sum_hidden(kind: Any, first: int, count: Any, hidden: Any, W2: Any, outputs: Any) -> None:
    """Each output's pre-activation, into rows of `outputs` (samples, outputs)."""
    for o in range(W2.shape[0]):
        rolled()
        z = local(kind, TILE)
        for t in range(size(count)):
            z[t] = -0.0
        for h in range(W2.shape[1]):
            rolled()
            weight = W2[o, h]
            for t in range(size(count)):
                z[t] = fma(hidden[0, h * TILE + t], weight, z[t])
        for t in range(size(count)):
            outputs[first + t, o] = z[t]


@inline
def activate_outputs(first: int, count: Any, outputs: Any) -> None:
    """The sigmoid of each output's pre-activation, in its place."""
    for k in range(size(count) * outputs.shape[1]):
        rolled()
        outputs[first, k] = sigmoid(outputs[first, k])


@inline
def feedforward(kind: Any, first: int, count: Any, inputs: Any, W1: Any, W2: Any, hidden: Any, outputs: Any) -> None:
    """Answer a tile."""
    sum_inputs(kind, first, count, inputs, W1, hidden)
    activate_hidden(count, W1, hidden)
    sum_hidden(kind, first, count, hidden, W2, outputs)
    activate_outputs(first, count, outputs)


@inline
def output_deltas(first: int, count: Any, targets: Any, outputs: Any, deltas: Any, total: Any) -> Any:
    """Each output's error times its slope; `total` with the squared errors added, in the order of `squared_errors`."""
    for t in range(size(count)):
        for o in range(outputs.shape[1]):
            rolled()
            output = outputs[first + t, o]
            error = targets[first + t, o] - output
            deltas[0, o * TILE + t] = error * slope(output)
            total = fma(error, error, total)
    return total


@inline
def hidden_errors(h: int, count: Any, deltas: Any, W2: Any, errors: Any) -> None:
    """The errors that the outputs hand back to hidden unit h, for each sample of a tile."""
    weight = W2[0, h]
    for t in range(size(count)):
        errors[t] = deltas[0, t] * weight
    for o in range(1, W2.shape[0]):
        rolled()
        weight = W2[o, h]
        for t in range(size(count)):
            errors[t] = fma(deltas[0, o * TILE + t], weight, errors[t])


@inline
def hidden_deltas(h: int, count: Any, deltas: Any, W2: Any, hidden: Any, errors: Any) -> None:
    """Those errors times the unit's slopes."""
    hidden_errors(h, count, deltas, W2, errors)
    for t in range(size(count)):
        errors[t] = errors[t] * slope(hidden[0, h * TILE + t])


@inline
def input_gradient(h: int, i: int, first: int, count: Any, inputs: Any, errors: Any, G1: Any) -> Any:
    """What the tile, after earlier ones in G1, gives as the gradient of the weight from input i to hidden unit h."""
    if G1 is None:  # noqa: SIM108 - Numba leaves out the branch of a statement only
        gradient = fma(inputs[i, first], errors[0], 0.0)
    else:
        gradient = fma(inputs[i, first], errors[0], G1[h, i])
    for t in range(1, size(count)):
        gradient = fma(inputs[i, first + t], errors[t], gradient)
    return gradient


@inline
def output_gradient(h: int, o: int, count: Any, hidden: Any, deltas: Any, G2: Any) -> Any:
    """The same of the weight from hidden unit h to output o."""
    if G2 is None:
        gradient = fma(hidden[0, h * TILE], deltas[0, o * TILE], 0.0)
    else:
        gradient = fma(hidden[0, h * TILE], deltas[0, o * TILE], G2[o, h])
    for t in range(1, size(count)):
        gradient = fma(hidden[0, h * TILE + t], deltas[0, o * TILE + t], gradient)
    return gradient


@inline
def accumulate(
    kind: Any, first: int, count: Any, inputs: Any, hidden: Any, deltas: Any, W2: Any, G1: Any, G2: Any
) -> None:
    """Add the gradients of a tile to G1 and G2, shaped as the weights."""
    for h in range(G1.shape[0]):
        rolled()
        errors = local(kind, TILE)
        hidden_deltas(h, count, deltas, W2, hidden, errors)
        for i in range(G1.shape[1]):
            rolled()
            G1[h, i] = input_gradient(h, i, first, count, inputs, errors, G1)
    for h in range(G2.shape[1]):
        rolled()
        for o in range(G2.shape[0]):
            rolled()
            G2[o, h] = output_gradient(h, o, count, hidden, deltas, G2)


@inline
def descend(unit: int, k: int, factor: Any, value: Any, momentum: Any, W: Any, V: Any) -> Any:
    """Take a weight's step, factor times value, and give the new weight.

    With velocities: v <- momentum v + step; w <- w + v.
    """
    if V is None:
        weight = fma(factor, value, W[unit, k])
    else:
        velocity = fma(factor, value, momentum * V[unit, k])
        V[unit, k] = velocity
        weight = W[unit, k] + velocity
    W[unit, k] = weight
    return weight


@inline
def learn_and_sum(
    kind: Any,
    first: int,
    count: Any,
    following: int,
    coming: Any,
    inputs: Any,
    net: Any,
    step: Any,
    momentum: Any,
    pending: Any,
    some: int,
) -> None:
    """Learn from a tile, and sum the inputs of the tile of `coming` samples from number `following` on.

    All that belongs to a hidden unit at once, while it is in registers. Where `step` is None the tile's gradients are
    added to G1 and G2; otherwise it is the last of an epoch, whose step is taken, and G1 and G2 are zero again. The
    errors that are handed back use the output weights from before the step. Where `some` is 1 and not 0, the sigmoids
    of `pending` (hidden, TILE), what another network summed for its coming tile, are taken on the way.
    """
    number = some * size(coming) * net.W1.shape[0]
    state = begin(number, coming, pending)
    for h in range(net.W1.shape[0]):
        rolled()
        errors, z = local(kind, TILE), local(kind, TILE)
        hidden_deltas(h, count, net.deltas, net.W2, net.hidden, errors)
        state = take(coming, pending, state)
        learn_outputs(h, count, net, step, momentum)
        for t in range(size(coming)):
            z[t] = -0.0
        for i in range(net.W1.shape[1]):
            rolled()
            gradient = input_gradient(h, i, first, count, inputs, errors, net.G1)
            weight = learn(h, i, gradient, step, momentum, net.W1, net.G1, net.V1)
            state = take(coming, pending, state)
            for t in range(size(coming)):
                z[t] = fma(inputs[i, following + t], weight, z[t])
        for _ in range(net.W1.shape[1] + 1, size(coming)):
            rolled()
            state = take(coming, pending, state)
        for t in range(size(coming)):
            net.hidden[0, h * TILE + t] = z[t]
    finish(number, coming, pending, state)
    for h in range(net.W1.shape[0], net.W2.shape[1]):
        learn_outputs(h, count, net, step, momentum)


@inline
def learn_outputs(h: int, count: Any, net: Any, step: Any, momentum: Any) -> None:
    """Learn the weights from hidden unit h, or the biases, to the outputs."""
    for o in range(net.W2.shape[0]):
        rolled()
        gradient = output_gradient(h, o, count, net.hidden, net.deltas, net.G2)
        learn(o, h, gradient, step, momentum, net.W2, net.G2, net.V2)


@inline
def learn(unit: int, k: int, gradient: Any, step: Any, momentum: Any, W: Any, G: Any, V: Any) -> Any:
    """Keep a weight's gradient where `step` is None, or take its step; the weight afterwards."""
    if step is None:
        weight = W[unit, k]
        if G is not None:
            G[unit, k] = gradient
    else:
        weight = descend(unit, k, step, gradient, momentum, W, V)
        if G is not None:
            G[unit, k] = 0.0
    return weight


@inline
def learn_and_sum_online(
    kind: Any, s: int, following: int, one: Any, inputs: Any, net: Any, pending: Any, some: int
) -> None:
    """Take the step of sample s, a tile of `one`, and sum the inputs of sample `following`; else as `learn_and_sum`."""
    step, momentum = net.single[STEP, 0], net.single[MOMENTUM, 0]
    number = some * net.W1.shape[0]
    state = begin(number, one, pending)
    for h in range(net.W2.shape[1]):
        rolled()
        errors = local(kind, 1)
        if h < net.W1.shape[0]:
            hidden_deltas(h, one, net.deltas, net.W2, net.hidden, errors)
        activation = net.hidden[0, h * TILE]
        for o in range(net.W2.shape[0]):
            rolled()
            descend(o, h, activation, step * net.deltas[0, o * TILE], momentum, net.W2, net.V2)
        if h < net.W1.shape[0]:
            state = take(one, pending, state)
            scaled, z = step * errors[0], local(kind, 1)
            z[0] = -0.0
            for i in range(net.W1.shape[1]):
                rolled()
                weight = descend(h, i, inputs[i, s], scaled, momentum, net.W1, net.V1)
                z[0] = fma(inputs[i, following], weight, z[0])
            net.hidden[0, h * TILE] = z[0]
    finish(number, one, pending, state)
