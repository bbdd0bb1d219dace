"""The arrays that training kernels read and fill."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


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
    """What training finds, an entry a trial; an array of width 0 is not asked for.

    `epochs_to_convergence` is `convergence.NEVER` where the rule never held. `outputs` (trials, samples * outputs),
    `probes` (trials, probes * outputs), `weights` (trials, parameters, in the order of `Trials.initial`) and `losses`
    (trials, curve points; NaN past a stop) are float64, every NaN the canonical one.

    The columns of `fates`, named `FATES`, show why a trial did not converge (see kernels.fates). `gradient_norm` is the
    Euclidean norm of the gradient of the loss, the mean squared error, at the final weights. `saturated_share` is the
    share of activations that are saturated, over all samples, hidden units and outputs; `saturated_error` that of the
    errors that meet such a unit, in magnitude, at the outputs or, handed back, at the hidden units, whichever is more.
    `loss_change` is the final loss less that at the beginning of the last tenth of the epochs, `loss_rise` the most by
    which a loss since then exceeds an earlier one; both are NaN where no epoch of it was made or the change is not
    finite.
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
    fates: NDArray[np.float64]


FATES = ("gradient_norm", "saturated_share", "saturated_error", "loss_change", "loss_rise")


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
        fates=np.empty((trials, len(FATES) * fates)),
    )
