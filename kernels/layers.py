"""One network of sigmoids, forward and back, many trials wide.

`inputs` (samples, inputs) and `targets` (samples, outputs) hold numbers, all other arrays hold `Lanes`. W1 is
(hidden, inputs), W2 (outputs, hidden): a unit's incoming weights side by side. A bias is the weight of one more input,
or hidden unit, whose value is always 1; this saves a variant of everything. A "step" is the learning rate times the
objective's factor; gradients are those of half the squared error, pointing downhill.

Batch updates take the samples in tiles, each layer for a whole tile before the next: sigmoids of different samples do
not wait for each other, and a gradient is summed over the tile in registers (sample by sample cost 1.15 times as much).
`hidden` (tile, hidden), `deltas` (tile, outputs) and `errors` (tile,) are the memory of one tile.
"""

from typing import Any

from kernels.elementary import sigmoid
from kernels.jit import inline
from kernels.lanes import fma

TILE = 8  # samples; their hidden activations stay in the nearest cache


@inline
def weighted_sum(row: int, unit: int, values: Any, W: Any) -> Any:
    """The pre-activation of a unit: a row of values (rows, weights) times the unit's row of W (units, weights)."""
    z = values[row, 0] * W[unit, 0]
    for k in range(1, W.shape[1]):
        z = fma(values[row, k], W[unit, k], z)
    return z


@inline
def slope(activation: Any) -> Any:
    """The derivative of the sigmoid, where its value is `activation`."""
    return activation * (1.0 - activation)


@inline
def feedforward(first: int, last: int, inputs: Any, W1: Any, W2: Any, hidden: Any, outputs: Any) -> None:
    """Answer the samples from first to before last into rows of `outputs` (samples, outputs)."""
    for s in range(first, last):
        for h in range(W1.shape[0]):
            hidden[s - first, h] = sigmoid(weighted_sum(s, h, inputs, W1))
    for s in range(first, last):
        for o in range(W2.shape[0]):
            outputs[s, o] = sigmoid(weighted_sum(s - first, o, hidden, W2))


@inline
def output_deltas(first: int, last: int, targets: Any, outputs: Any, deltas: Any) -> None:
    """Each output's error times its slope."""
    for s in range(first, last):
        for o in range(outputs.shape[1]):
            output = outputs[s, o]
            deltas[s - first, o] = (targets[s, o] - output) * slope(output)


@inline
def hidden_error(t: int, h: int, deltas: Any, W2: Any) -> Any:
    """The error that the outputs hand back to hidden unit h, for the tile's sample t."""
    error = deltas[t, 0] * W2[0, h]
    for o in range(1, W2.shape[0]):
        error = fma(deltas[t, o], W2[o, h], error)
    return error


@inline
def hidden_delta(t: int, h: int, deltas: Any, W2: Any, hidden: Any) -> Any:
    """That error times the unit's slope."""
    return hidden_error(t, h, deltas, W2) * slope(hidden[t, h])


@inline
def accumulate(
    first: int, last: int, inputs: Any, hidden: Any, deltas: Any, errors: Any, W2: Any, G1: Any, G2: Any
) -> None:
    """Add the gradients of a tile to G1 and G2, shaped as the weights."""
    for h in range(G1.shape[0]):
        for t in range(last - first):
            errors[t] = hidden_delta(t, h, deltas, W2, hidden)
        for i in range(G1.shape[1]):
            gradient = G1[h, i]
            for t in range(last - first):
                gradient = fma(inputs[first + t, i], errors[t], gradient)
            G1[h, i] = gradient
    for o in range(G2.shape[0]):
        for h in range(G2.shape[1]):
            gradient = G2[o, h]
            for t in range(last - first):
                gradient = fma(hidden[t, h], deltas[t, o], gradient)
            G2[o, h] = gradient


@inline
def descend(step: Any, W: Any, G: Any) -> None:
    """Take one step of all weights of a layer, and clear its gradients for the next."""
    for unit in range(W.shape[0]):
        for k in range(W.shape[1]):
            W[unit, k] = fma(step, G[unit, k], W[unit, k])
            G[unit, k] = 0.0


@inline
def descend_with_momentum(step: Any, momentum: Any, W: Any, G: Any, V: Any) -> None:
    """The same with velocities V: v <- momentum v + step g; w <- w + v."""
    for unit in range(W.shape[0]):
        for k in range(W.shape[1]):
            velocity = fma(step, G[unit, k], momentum * V[unit, k])
            V[unit, k] = velocity
            W[unit, k] = W[unit, k] + velocity
            G[unit, k] = 0.0


@inline
def descend_online(s: int, inputs: Any, hidden: Any, deltas: Any, step: Any, W1: Any, W2: Any) -> None:
    """Take the step of sample s, a tile of its own; the hidden deltas use the output weights from before it."""
    for h in range(W1.shape[0]):
        scaled = step * hidden_delta(0, h, deltas, W2, hidden)
        for i in range(W1.shape[1]):
            W1[h, i] = fma(inputs[s, i], scaled, W1[h, i])
    for o in range(W2.shape[0]):
        scaled = step * deltas[0, o]
        for h in range(W2.shape[1]):
            W2[o, h] = fma(hidden[0, h], scaled, W2[o, h])


@inline
def descend_online_with_momentum(
    s: int, inputs: Any, hidden: Any, deltas: Any, step: Any, momentum: Any, W1: Any, W2: Any, V1: Any, V2: Any
) -> None:
    """The same with velocities."""
    for h in range(W1.shape[0]):
        scaled = step * hidden_delta(0, h, deltas, W2, hidden)
        for i in range(W1.shape[1]):
            velocity = fma(inputs[s, i], scaled, momentum * V1[h, i])
            V1[h, i] = velocity
            W1[h, i] = W1[h, i] + velocity
    for o in range(W2.shape[0]):
        scaled = step * deltas[0, o]
        for h in range(W2.shape[1]):
            velocity = fma(hidden[0, h], scaled, momentum * V2[o, h])
            V2[o, h] = velocity
            W2[o, h] = W2[o, h] + velocity
