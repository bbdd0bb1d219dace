"""The memory of one running kernel: numbers (rows, width), a lane's in a column, cut into parts that are looked up.

One array stands for all parts: each array that a kernel takes or hands on costs it some ten values, and a tenth of a
second of compiling for every ten of them.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array
from numpy.typing import NDArray

from kernels.jit import inline
from kernels.lanes import LaneKind, aligned
from kernels.layers import TILE

# Arrays of `Lanes` (rows, columns). Four pairs: weights W1 (hidden, inputs) and W2 (outputs, hidden), each with a last
# column of biases where there are some; their gradients, velocities, and gradients at the end of a trial. What
# `kernels.layers` needs for a tile of samples; all outputs; what the probes are answered; and single numbers.
WEIGHTS, GRADIENTS, VELOCITIES, LAST_GRADIENTS = 0, 2, 4, 6
HIDDEN, DELTAS, ERRORS, OUTPUTS, PROBES, SINGLE = range(8, 14)
STEP, MOMENTUM, THRESHOLD, LOSS, FIRST_LOSS, LOWEST_LOSS, LOSS_RISE = range(7)

# Of each lane: its trial; the tick at which that began; the next point of its loss curve; the tick at which the last
# tenth of its epochs begins; and those at which something is due: its end, that point, and once more that last tenth.
TRIAL, BEGUN, POINT, TENTH, DUE, POINT_DUE, TENTH_DUE = range(7)

# A row for each of the five fates, then five for sums on the way to them; see kernels.fates.
FATES = 10


class Memory(NamedTuple):
    """`numbers` (rows, width) can be viewed as `Lanes`; `layout` (parts, 3) has each part's first row and its shape.

    `order` has the row of each parameter of a flat weight vector. `lanes` (7, width) says where in the work each lane
    is, `fates` (FATES, width) what is known of its trial's fate; `clock` and `masks` are those of kernels.epochs.
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
            (TILE, hidden + bias),
            (TILE, outputs),
            (1, TILE),
            (samples, outputs),
            (probes, outputs),
            (7, 1),
        ]
    )
    starts = np.cumsum(shapes.prod(1)) - shapes.prod(1)
    numbers = aligned((int(shapes.prod(1).sum()), kind.width), kind.dtype)
    layout = np.column_stack([starts, shapes])
    part_of(numbers, layout, HIDDEN)[:, hidden:] = 1.0
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
        np.zeros((7, kind.width), np.int64),
        np.zeros((FATES, kind.width)),
        np.zeros(4, np.int64),
        np.zeros(3, np.uint64),
    )


def part_of(numbers: NDArray[Any], layout: NDArray[np.int64], which: int) -> NDArray[Any]:
    """A part as an array (rows, columns, width) of numbers."""
    start, rows, columns = layout[which].tolist()
    return numbers[start : start + rows * columns].reshape(rows, columns, -1)


@intrinsic
def part(_context: Any, numbers: types.Array, layout: types.Array, which: Any, kind: Any) -> Any:
    """A part as an array (rows, columns) of `Lanes`, in kernels."""
    viewed = types.Array(kind.lanes, 2, "C")

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        memory, table = make_array(numbers)(context, builder, args[0]), make_array(layout)(context, builder, args[1])
        place = builder.mul(context.cast(builder, args[2], sig.args[2], types.intp), ir.Constant(cgutils.intp_t, 3))
        start, *shape = (
            builder.load(builder.gep(table.data, [builder.add(place, ir.Constant(cgutils.intp_t, k))]))
            for k in range(3)
        )
        size = context.get_constant(types.intp, kind.lanes.width * kind.lanes.dtype.bitwidth // 8)
        view = make_array(viewed)(context, builder)
        populate_array(
            view,
            data=builder.gep(builder.bitcast(memory.data, view.data.type), [start]),
            shape=shape,
            strides=[builder.mul(shape[1], size), size],
            itemsize=size,
            meminfo=memory.meminfo,
            parent=memory.parent,
        )
        return impl_ret_borrowed(context, builder, viewed, view._getvalue())

    return viewed(numbers, layout, which, kind), codegen


@inline
def pair(numbers: Any, layout: Any, which: int, kind: Any) -> Any:
    """Both parts of a pair."""
    return part(numbers, layout, which, kind), part(numbers, layout, which + 1, kind)
