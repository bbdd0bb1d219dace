"""One network of sigmoids, forward and back, many trials wide.

`inputs` (samples, inputs) and `targets` (samples, outputs) are views of numbers, all other arrays views of `Lanes`. W1
is (hidden, inputs), W2 (outputs, hidden): a unit's incoming weights side by side. A bias is the weight of one more
input, or hidden unit, whose value is always 1; this saves a variant of everything. A "step" is the learning rate times
the objective's factor; gradients are those of half the squared error, pointing downhill.

Samples come in tiles of `count` from number `first` on; `hidden` (hidden, TILE) and `deltas` (TILE, outputs) are the
memory of one tile. Where `count` is known to the compiler, what is summed over a tile's samples stays in registers: in
memory, every second operand of an operation, a training took 1.2 times as long, as AVX-512 loads and stores whole cache
lines. For the same reason sigmoids stand in loops of their own, beside whose divisions nothing else is to be done:
mixed with the sums before or the errors behind them they found no room in the CPU's window, and took 1.1 times as long.

G and V are None where there are no gradients of earlier tiles, or no velocities; what is None is left out of the
compiled code. Sums begin with -0.0, to which a product adds as to nothing. Rows follow each other, so that [0, k]
counts through all of them.
"""

from typing import Any

from kernels.elementary import sigmoid
from kernels.hints import rolled
from kernels.jit import inline
from kernels.lanes import fma
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
                z[t] = fma(inputs[first + t, i], weight, z[t])
        for t in range(size(count)):
            hidden[h, t] = z[t]


@inline
def activate_hidden(count: Any, W1: Any, hidden: Any) -> None:
    """The sigmoid of each hidden unit's pre-activation, in its place."""
    for h in range(W1.shape[0]):
        rolled()
        for t in range(size(count)):
            hidden[h, t] = sigmoid(hidden[h, t])


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
                z[t] = fma(hidden[h, t], weight, z[t])
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
def output_deltas(first: int, count: Any, targets: Any, outputs: Any, deltas: Any) -> None:
    """Each output's error times its slope."""
    for k in range(size(count) * outputs.shape[1]):
        rolled()
        output = outputs[first, k]
        deltas[0, k] = (targets[first, k] - output) * slope(output)


@inline
def hidden_errors(h: int, count: Any, deltas: Any, W2: Any, errors: Any) -> None:
    """The errors that the outputs hand back to hidden unit h, for each sample of a tile."""
    weight = W2[0, h]
    for t in range(size(count)):
        errors[t] = deltas[t, 0] * weight
    for o in range(1, W2.shape[0]):
        rolled()
        weight = W2[o, h]
        for t in range(size(count)):
            errors[t] = fma(deltas[t, o], weight, errors[t])


@inline
def hidden_deltas(h: int, count: Any, deltas: Any, W2: Any, hidden: Any, errors: Any) -> None:
    """Those errors times the unit's slopes."""
    hidden_errors(h, count, deltas, W2, errors)
    for t in range(size(count)):
        errors[t] = errors[t] * slope(hidden[h, t])


@inline
def input_gradient(h: int, i: int, first: int, count: Any, inputs: Any, errors: Any, G1: Any) -> Any:
    """What the tile, after earlier ones in G1, gives as the gradient of the weight from input i to hidden unit h."""
    if G1 is None:  # noqa: SIM108 - Numba leaves out the branch of a statement only
        gradient = fma(inputs[first, i], errors[0], 0.0)
    else:
        gradient = fma(inputs[first, i], errors[0], G1[h, i])
    for t in range(1, size(count)):
        gradient = fma(inputs[first + t, i], errors[t], gradient)
    return gradient


@inline
def output_gradient(h: int, o: int, count: Any, hidden: Any, deltas: Any, G2: Any) -> Any:
    """The same of the weight from hidden unit h to output o."""
    if G2 is None:  # noqa: SIM108 - Numba leaves out the branch of a statement only
        gradient = fma(hidden[h, 0], deltas[0, o], 0.0)
    else:
        gradient = fma(hidden[h, 0], deltas[0, o], G2[o, h])
    for t in range(1, size(count)):
        gradient = fma(hidden[h, t], deltas[t, o], gradient)
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
def descend_output(
    h: int, o: int, count: Any, hidden: Any, deltas: Any, step: Any, momentum: Any, W2: Any, G2: Any, V2: Any
) -> None:
    """Take the step of the weight from hidden unit h to output o."""
    descend(o, h, step, output_gradient(h, o, count, hidden, deltas, G2), momentum, W2, V2)
    if G2 is not None:
        G2[o, h] = 0.0


@inline
def descend_and_sum(
    kind: Any,
    first: int,
    count: Any,
    following: Any,
    inputs: Any,
    hidden: Any,
    deltas: Any,
    step: Any,
    momentum: Any,
    W1: Any,
    W2: Any,
    G1: Any,
    G2: Any,
    V1: Any,
    V2: Any,
) -> None:
    """Take the step of an epoch whose last tile this is, and sum the inputs of the `following` samples of the first.

    All that belongs to a hidden unit at once, while it is in registers; G1 and G2 are zero again. The errors that are
    handed back use the output weights from before the step.
    """
    for h in range(W2.shape[1]):
        rolled()
        errors, z = local(kind, TILE), local(kind, TILE)
        if h < W1.shape[0]:
            hidden_deltas(h, count, deltas, W2, hidden, errors)
        descend_output(h, 0, count, hidden, deltas, step, momentum, W2, G2, V2)
        for o in range(1, W2.shape[0]):
            rolled()
            descend_output(h, o, count, hidden, deltas, step, momentum, W2, G2, V2)
        if h < W1.shape[0]:
            for t in range(size(following)):
                z[t] = -0.0
            for i in range(W1.shape[1]):
                rolled()
                weight = descend(h, i, step, input_gradient(h, i, first, count, inputs, errors, G1), momentum, W1, V1)
                if G1 is not None:
                    G1[h, i] = 0.0
                for t in range(size(following)):
                    z[t] = fma(inputs[t, i], weight, z[t])
            for t in range(size(following)):
                hidden[h, t] = z[t]


@inline
def descend_and_sum_online(
    kind: Any,
    s: int,
    count: Any,
    following: int,
    inputs: Any,
    hidden: Any,
    deltas: Any,
    step: Any,
    momentum: Any,
    W1: Any,
    W2: Any,
    V1: Any,
    V2: Any,
) -> None:
    """Take the step of sample s, a tile of its own, and sum the inputs of sample `following`."""
    for h in range(W2.shape[1]):
        rolled()
        errors = local(kind, 1)
        if h < W1.shape[0]:
            hidden_deltas(h, count, deltas, W2, hidden, errors)
        activation = hidden[h, 0]
        for o in range(W2.shape[0]):
            rolled()
            descend(o, h, activation, step * deltas[0, o], momentum, W2, V2)
        if h < W1.shape[0]:
            scaled, z = step * errors[0], local(kind, 1)
            z[0] = -0.0
            for i in range(W1.shape[1]):
                rolled()
                z[0] = fma(inputs[following, i], descend(h, i, inputs[s, i], scaled, momentum, W1, V1), z[0])
            hidden[h, 0] = z[0]
