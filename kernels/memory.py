"""The memory of one running kernel: numbers (groups, rows, width), a lane's in a column, whose rows are cut into parts.

One array stands for all parts: each array that a kernel takes or hands on costs it some ten values, and a tenth of a
second of compiling for every ten of them.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array
from numpy.typing import NDArray

from kernels.jit import inline
from kernels.lanes import FLOAT32, FLOAT64, MOST, LaneKind, aligned
from kernels.tiles import TILE
from kernels.views import View, made

# Arrays of `Lanes` (rows, columns). Four pairs: weights W1 (hidden, inputs) and W2 (outputs, hidden), each with a last
# column of biases where there are some; their gradients, velocities, and gradients at the end of a trial. What
# `kernels.layers` needs for a tile of samples, hidden units and deltas, and both once more for what is answered beside
# training; all outputs; what the probes are answered; and single numbers.
WEIGHTS, GRADIENTS, VELOCITIES, LAST_GRADIENTS = 0, 2, 4, 6
HIDDEN, SPARE, DELTAS, SPARE_DELTAS, OUTPUTS, PROBES, SINGLE = range(8, 15)
STEP, MOMENTUM, THRESHOLD, LOSS, FIRST_LOSS, LOWEST_LOSS, LOSS_RISE = range(7)

# Of each lane: its trial; the tick at which that began; the next point of its loss curve; the tick at which the last
# tenth of its epochs begins; those at which something is due: its end, that point, and once more that last tenth; and
# the place of its first number among all numbers.
TRIAL, BEGUN, POINT, TENTH, DUE, POINT_DUE, TENTH_DUE, PLACE = range(8)

# A row for each of the five fates, then five for sums on the way to them; see kernels.fates.
FATES = 10

_CACHE = 512 * 2**10  # bytes that lie near a core


class Memory(NamedTuple):
    """`numbers` (groups, rows, width) can be viewed as `Lanes`; `layout` (parts, 3) says where each part is.

    That is its first row and its shape. There are so many groups of `width` lanes as fit near a core: the operations of
    one network wait for each other, and those of the next group fill the gaps. `order` has the row of each parameter of
    a flat weight vector. `lanes` (8, lanes of all groups) says where in the work each lane is, `fates` (FATES, lanes)
    what is known of its trial's fate; `clock` and `masks` are those of kernels.epochs.
    """

    numbers: NDArray[Any]
    layout: NDArray[np.int64]
    order: NDArray[np.int64]
    lanes: NDArray[np.int64]
    fates: NDArray[np.float64]
    clock: NDArray[np.int64]
    masks: NDArray[np.uint64]


def suited(precision: str, parameters: int, one: bool) -> LaneKind:
    """The lanes to train networks of so many parameters with, on `one` sample at a time or on tiles of them.

    One sample leaves registers for twice as many lanes, which took 0.88 times as long while their weights lie near a
    core.
    """
    kind = FLOAT64 if precision == "float64" else FLOAT32
    width = min(2 * kind.width, MOST)
    near = parameters * width * kind.dtype.itemsize <= _CACHE
    return LaneKind(kind.dtype.type, width) if one and near else kind


def memory(kind: LaneKind, inputs: int, hidden: int, outputs: int, samples: int, probes: int, bias: bool) -> Memory:
    """Memory for networks of this shape; `inputs` counts no bias."""
    first, second = (hidden, inputs + bias), (outputs, hidden + bias)
    shapes = np.array(
        [
            *(first, second) * 4,
            *((hidden + bias, TILE),) * 2,
            *((outputs, TILE),) * 2,
            (samples, outputs),
            (probes, outputs),
            (7, 1),
        ]
    )
    starts = np.cumsum(shapes.prod(1)) - shapes.prod(1)
    rows = int(shapes.prod(1).sum())
    groups = int(np.clip(_CACHE // (rows * kind.width * kind.dtype.itemsize), 1, MOST // kind.width))
    numbers = aligned((groups, rows, kind.width), kind.dtype)
    layout = np.column_stack([starts, shapes])
    for which in (HIDDEN, SPARE):
        part_of(numbers, layout, which)[:, hidden:] = 1.0
    lanes = np.zeros((8, groups * kind.width), np.int64)
    lanes[PLACE] = np.arange(numbers.size).reshape(numbers.shape)[:, 0].ravel()
    places = np.arange(starts[GRADIENTS])
    return Memory(
        numbers,
        layout,
        np.concatenate(
            [
                places[: starts[WEIGHTS + 1]].reshape(first).T.ravel(),
                places[starts[WEIGHTS + 1] :].reshape(second).T.ravel(),
            ]
        ),
        lanes,
        np.zeros((FATES, lanes.shape[1])),
        np.zeros(4, np.int64),
        np.zeros(4, np.uint64),
    )


def part_of(numbers: NDArray[Any], layout: NDArray[np.int64], which: int) -> NDArray[Any]:
    """A part as an array (rows, columns, width) of numbers."""
    start, rows, columns = layout[which].tolist()
    return numbers[:, start : start + rows * columns].reshape(len(numbers), rows, columns, -1)


@intrinsic
def part(_context: Any, numbers: types.Array, layout: types.Array, which: Any, kind: Any) -> Any:
    """A part as a view (rows, columns) of the `Lanes` of the first group, in kernels; None where `kind` is None."""
    if kind == types.none:
        return types.none(numbers, layout, which, kind), lambda context, *_: context.get_dummy_value()
    seen = View(kind.lanes, 2)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory, table = make_array(numbers)(context, builder, args[0]), make_array(layout)(context, builder, args[1])
        place = builder.mul(context.cast(builder, args[2], sig.args[2], types.intp), ir.Constant(cgutils.intp_t, 3))
        start, *shape = (
            builder.load(builder.gep(table.data, [builder.add(place, ir.Constant(cgutils.intp_t, k))]))
            for k in range(3)
        )
        width = context.get_constant(types.intp, kind.lanes.width)
        data = builder.gep(memory.data, [builder.mul(start, width)])
        return made(context, builder, seen, data, shape)

    return seen(numbers, layout, which, kind), codegen


class Network(NamedTuple):
    """The views of a group of lanes: its parts of the memory by name, None where a kernel has no use for them."""

    W1: Any
    W2: Any
    G1: Any
    G2: Any
    V1: Any
    V2: Any
    hidden: Any
    spare: Any
    deltas: Any
    outputs: Any
    probes: Any
    single: Any


@inline
def networks(numbers: Any, layout: Any, kind: Any, gradients: Any, velocities: Any) -> Network:
    """The first group's; `kernels.views.shifted` by as many rows as a group has, those of the next.

    `gradients` and `velocities` are the kind or None.
    """
    return Network(
        part(numbers, layout, WEIGHTS, kind),
        part(numbers, layout, WEIGHTS + 1, kind),
        part(numbers, layout, GRADIENTS, gradients),
        part(numbers, layout, GRADIENTS + 1, gradients),
        part(numbers, layout, VELOCITIES, velocities),
        part(numbers, layout, VELOCITIES + 1, velocities),
        part(numbers, layout, HIDDEN, kind),
        part(numbers, layout, SPARE, kind),
        part(numbers, layout, DELTAS, kind),
        part(numbers, layout, OUTPUTS, kind),
        part(numbers, layout, PROBES, kind),
        part(numbers, layout, SINGLE, kind),
    )
