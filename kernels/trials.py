"""The arrays that a training kernel reads and fills, and the memory that it works in."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.fates import SUMS
from kernels.lanes import LaneKind, aligned
from kernels.layers import TILE


class Trials(NamedTuple):
    """What differs between the trials of one call: arrays (trials, ...) of float64, `epochs` of int64.

    `initial` holds the initial weights (trials, parameters) in the order W1 (inputs, hidden), b1, W2 (hidden, outputs),
    b2; `step` is the learning rate times the objective's factor: 2 for sse, 1 for half-sse, and those divided by
    samples times outputs for mse and half-mse.
    """

    initial: NDArray[np.float64]
    step: NDArray[np.float64]
    momentum: NDArray[np.float64]
    threshold: NDArray[np.float64]
    epochs: NDArray[np.int64]


class Outcomes(NamedTuple):
    """What training finds, an entry a trial; an array of width 0 is not asked for, nor are the fates where empty.

    `epochs_to_convergence` is `convergence.NEVER` where the rule never held. `outputs` (trials, samples * outputs),
    `probes` (trials, probes * outputs), `weights` (trials, parameters, in the order of `Trials.initial`) and `losses`
    (trials, curve points; NaN past a stop) are float64, every NaN the canonical one.

    The last five show why a trial did not converge (see kernels.fates). `gradient_norm` is the Euclidean norm of the
    gradient of the loss, the mean squared error, at the final weights. `saturated_share` is the share of activations
    that are saturated, over all samples, hidden units and outputs; `saturated_error` that of the errors that meet such
    a unit, in magnitude, at the outputs or, handed back, at the hidden units, whichever is more. `loss_change` is the
    final loss less that at the beginning of the last tenth of the epochs, `loss_rise` the most by which a loss since
    then exceeds an earlier one; both are NaN where no epoch of it was made or the change is not finite.
    """

    loss: NDArray[np.float64]
    max_error: NDArray[np.float64]
    epochs_to_convergence: NDArray[np.int64]
    epochs_run: NDArray[np.int64]
    holds_at_end: NDArray[np.bool_]
    diverged: NDArray[np.bool_]
    outputs: NDArray[np.float64]
    probes: NDArray[np.float64]
    weights: NDArray[np.float64]
    losses: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    saturated_share: NDArray[np.float64]
    saturated_error: NDArray[np.float64]
    loss_change: NDArray[np.float64]
    loss_rise: NDArray[np.float64]


FATES = ("gradient_norm", "saturated_share", "saturated_error", "loss_change", "loss_rise")


class Workspace(NamedTuple):
    """Memory of one running kernel: arrays (..., width) that `as_lanes` may view, and each lane's place in the work."""

    W1: NDArray[Any]
    W2: NDArray[Any]
    hidden: NDArray[Any]
    outputs: NDArray[Any]
    probes: NDArray[Any]
    deltas: NDArray[Any]
    errors: NDArray[Any]
    step: NDArray[Any]
    momentum: NDArray[Any]
    threshold: NDArray[Any]
    loss: NDArray[Any]
    trial: NDArray[np.int64]  # the trial that the lane trains
    begun: NDArray[np.int64]  # the tick at which it began
    due: NDArray[np.int64]  # the tick at which it ends
    point: NDArray[np.int64]  # the next point of its loss curve, and the tick at which that is due
    point_due: NDArray[np.int64]


class Layers(NamedTuple):
    """Gradients or velocities: a pair of arrays shaped as the weights of a workspace."""

    W1: NDArray[Any]
    W2: NDArray[Any]


class Fates(NamedTuple):
    """Memory for the fates of the lanes' trials: gradients at their ends, and how the loss went in their last tenth."""

    W1: NDArray[Any]
    W2: NDArray[Any]
    sums: NDArray[np.float64]
    first: NDArray[Any]  # the loss at its beginning, and its lowest since
    lowest: NDArray[Any]
    rise: NDArray[Any]
    due: NDArray[np.int64]  # the tick at which it begins


def outcomes(
    trials: int, *, outputs: int = 0, probes: int = 0, weights: int = 0, points: int = 0, fates: bool = False
) -> Outcomes:
    """Room for the outcomes of so many trials; the other numbers are the widths of what is asked for."""
    return Outcomes(
        loss=np.empty(trials),
        max_error=np.empty(trials),
        epochs_to_convergence=np.empty(trials, np.int64),
        epochs_run=np.empty(trials, np.int64),
        holds_at_end=np.empty(trials, np.bool_),
        diverged=np.empty(trials, np.bool_),
        outputs=np.empty((trials, outputs)),
        probes=np.empty((trials, probes)),
        weights=np.empty((trials, weights)),
        losses=np.empty((trials, points)),
        **{name: np.empty(trials * fates) for name in FATES},
    )


def workspace(
    kind: LaneKind, inputs: int, hidden: int, outputs: int, samples: int, probes: int, bias: bool
) -> Workspace:
    """Memory for networks of this shape; `inputs` counts no bias."""

    def lanes(*shape: int) -> NDArray[Any]:
        return aligned((*shape, kind.width), kind.dtype)

    activations = lanes(TILE, hidden + bias)
    activations[:, hidden:] = 1.0
    return Workspace(
        W1=lanes(hidden, inputs + bias),
        W2=lanes(outputs, hidden + bias),
        hidden=activations,
        outputs=lanes(samples, outputs),
        probes=lanes(probes, outputs),
        deltas=lanes(TILE, outputs),
        errors=lanes(TILE),
        **{name: lanes(1) for name in ("step", "momentum", "threshold", "loss")},
        **{name: np.zeros(kind.width, np.int64) for name in ("trial", "begun", "due", "point", "point_due")},
    )


def layers(work: Workspace) -> Layers:
    """Gradients or velocities for this workspace, zero."""
    return Layers(aligned(work.W1.shape, work.W1.dtype), aligned(work.W2.shape, work.W2.dtype))


def fates(work: Workspace) -> Fates:
    """Memory for the fates of the trials in this workspace."""
    width = work.loss.shape[-1]
    return Fates(
        *layers(work),
        sums=np.zeros((SUMS, width)),
        **{name: aligned(work.loss.shape, work.loss.dtype) for name in ("first", "lowest", "rise")},
        due=np.zeros(width, np.int64),
    )
