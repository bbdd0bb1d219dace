"""One epoch of the unit of work written out weight by weight, for compilers of array programs.

A weight is an array with an entry a trial, and the loops over the network are Python's: the compiler sees one long
expression of arrays of one shape, which it can fuse into a single loop.
"""

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.peers.work import INPUTS, TARGETS


def epoch(columns: Sequence[Any], sigmoid: Callable[[Any], Any]) -> list[Any]:
    """The 16 weights after one more epoch."""
    W1, W2 = [columns[0:4], columns[4:8], columns[8:12]], columns[12:16]
    G1: list[list[Any]] = [[0.0] * 4 for _ in range(3)]
    G2: list[Any] = [0.0] * 4
    for x, y in zip(INPUTS, TARGETS, strict=True):
        lit = [i for i in range(3) if x[i]]  # an input is 0 or 1
        hidden = [sigmoid(sum(W1[i][j] for i in lit)) for j in range(4)]
        output = sigmoid(sum(hidden[j] * W2[j] for j in range(4)))
        delta = 2 * (y - output) * output * (1 - output)
        for j in range(4):
            back = delta * W2[j] * hidden[j] * (1 - hidden[j])
            G2[j] = G2[j] + hidden[j] * delta
            for i in lit:
                G1[i][j] = G1[i][j] + back
    return [W1[i][j] + G1[i][j] for i in range(3) for j in range(4)] + [W2[j] + G2[j] for j in range(4)]
