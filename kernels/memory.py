"""The memory of one running kernel: numbers (rows, width), a lane's in a column, cut into parts that are looked up.

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
from kernels.lanes import LaneKind, aligned
from kernels.tiles import TILE
from kernels.views import View, made

# Arrays of `Lanes` (rows, columns). Four pairs: weights W1 (hidden, inputs) and W2 (outputs, hidden), each with a last
# column of biases where there are some; their gradients, velocities, and gradients at the end of a trial. What
# `kernels.layers` needs for a tile of samples, and its hidden units once more, for what is answered beside training;
# all outputs; what the probes are answered; and single numbers.
WEIGHTS, GRADIENTS, VELOCITIES, LAST_GRADIENTS = 0, 2, 4, 6
HIDDEN, SPARE, DELTAS, OUTPUTS, PROBES, SINGLE = range(8, 14)
STEP, MOMENTUM, THRESHOLD, LOSS, FIRST_LOSS, LOWEST_LOSS, LOSS_RISE = range(7)

# Of each lane: its trial; the tick at which that began; the next point of its loss curve; the tick at which the last
# tenth of its epochs begins; and those at which something is due: its end, that point, and once more that last tenth.
TRIAL, BEGUN, POINT, TENTH, DUE, POINT_DUE, TENTH_DUE = range(7)

# A row for each of the five fates, then five for sums on the way to them; see kernels.fates.
FATES = 10

_LANES = 64  # at most: masks have a bit for each
_CACHE = 512 * 2**10  # bytes that lie near a core


class Memory(NamedTuple):
    """`numbers` (rows, width) can be viewed as `Lanes`; `layout` (parts, 3) has each part's first row and its shape.

    A row holds several `Lanes` side by side, the groups, so many as fit near a core: the operations of one network wait
    for each other, and those of the next group fill the gaps. `order` has the row of each parameter of a flat weight
    vector. `lanes` (7, width) says where in the work each lane is, `fates` (FATES, width) what is known of its trial's
    fate; `clock` and `masks` are those of kernels.epochs.
    """

    numbers: NDArray[Any]
    layout: NDArray[np.int64]
    order: NDArray[np.int64]
    lanes: NDArray[np.int64]
    fates: NDArray[np.float64]
    clock: NDArray[np.int64]
    masks: NDArray[np.uint64]


def memory(kind: LaneKind, inputs: int, hidden: int, outputs: int, samples: int, probes: int, bias: bool) -> Memory:
    """Memory for networks of this shape; `inputs` counts no bias."""
    first, second = (hidden, inputs + bias), (outputs, hidden + bias)
    shapes = np.array(
        [
            *(first, second) * 4,
            *((hidden + bias, TILE),) * 2,
            (TILE, outputs),
            (samples, outputs),
            (probes, outputs),
            (7, 1),
        ]
    )
    starts = np.cumsum(shapes.prod(1)) - shapes.prod(1)
    rows = int(shapes.prod(1).sum())
    groups = int(np.clip(_CACHE // (rows * kind.width * kind.dtype.itemsize), 1, _LANES // kind.width))
    width = groups * kind.width
    numbers = aligned((rows, width), kind.dtype)
    layout = np.column_stack([starts, shapes])
    for which in (HIDDEN, SPARE):
        part_of(numbers, layout, which)[hidden:] = 1.0
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
        np.zeros((7, width), np.int64),
        np.zeros((FATES, width)),
        np.zeros(4, np.int64),
        np.zeros(3, np.uint64),
    )


def part_of(numbers: NDArray[Any], layout: NDArray[np.int64], which: int) -> NDArray[Any]:
    """A part as an array (rows, columns, width) of numbers."""
    start, rows, columns = layout[which].tolist()
    return numbers[start : start + rows * columns].reshape(rows, columns, -1)


@intrinsic
def part(_context: Any, numbers: types.Array, layout: types.Array, which: Any, kind: Any) -> Any:
    """A part as a view (rows, columns) of the `Lanes` of the first group, in kernels; None where `kind` is None.

    `shifted` by one it is that of the next group.
    """
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
        width = builder.extract_value(memory.shape, 1)
        groups = builder.sdiv(width, context.get_constant(types.intp, kind.lanes.width))
        data = builder.gep(memory.data, [builder.mul(start, width)])
        return made(context, builder, seen, data, shape, groups)

    return seen(numbers, layout, which, kind), codegen


@inline
def pair(numbers: Any, layout: Any, which: int, kind: Any) -> Any:
    """Both parts of a pair."""
    return part(numbers, layout, which, kind), part(numbers, layout, which + 1, kind)
