"""The arrays that training kernels read and fill."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FATES = ("gradient_norm", "saturated_share", "saturated_error", "loss_change", "loss_rise")


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
    """What training finds, a row a trial; `columns` says what stands where.

    `numbers` are of float64, every NaN the canonical one: the loss, the largest error, then, as wide as they are asked
    for, the weights in the order of `Trials.initial`, outputs (samples * outputs), probes (probes * outputs), losses (a
    curve's points; NaN past a stop), and fates. `counts` are of int64: `epochs_to_convergence`, which is
    `convergence.NEVER` where the rule never held; `epochs_run`; and, 0 or 1, `holds_at_end` and `diverged`.

    The columns of fates, named `FATES`, show why a trial did not converge (see kernels.fates). `gradient_norm` is the
    Euclidean norm of the gradient of the loss, the mean squared error, at the final weights. `saturated_share` is the
    share of activations that are saturated, over all samples, hidden units and outputs; `saturated_error` that of the
    errors that meet such a unit, in magnitude, at the outputs or, handed back, at the hidden units, whichever is more.
    `loss_change` is the final loss less that at the beginning of the last tenth of the epochs, `loss_rise` the most by
    which a loss since then exceeds an earlier one; both are NaN where no epoch of it was made or the change is not
    finite.
    """

    numbers: NDArray[np.float64]
    counts: NDArray[np.int64]
    widths: dict[str, int]


def outcomes(
    trials: int, *, weights: int = 0, outputs: int = 0, probes: int = 0, points: int = 0, fates: bool = False
) -> Outcomes:
    """Room for the outcomes of so many trials; the other numbers are the widths of what is asked for."""
    widths = {
        "loss": 1,
        "max_error": 1,
        "weights": weights,
        "outputs": outputs,
        "probes": probes,
        "losses": points,
        "fates": len(FATES) * fates,
    }
    return Outcomes(np.empty((trials, sum(widths.values()))), np.empty((trials, 4), np.int64), widths)


def columns(out: Outcomes) -> dict[str, NDArray[Any]]:
    """Outcomes by name, an entry a trial; an array of width 0 is not asked for, nor are fates that are not there."""
    ends = np.cumsum([*out.widths.values()])
    found: dict[str, NDArray[Any]] = dict(zip(out.widths, np.split(out.numbers, ends[:-1], axis=1), strict=True))
    return {
        "loss": found["loss"][:, 0],
        "max_error": found["max_error"][:, 0],
        "epochs_to_convergence": out.counts[:, 0],
        "epochs_run": out.counts[:, 1],
        "holds_at_end": out.counts[:, 2] != 0,
        "diverged": out.counts[:, 3] != 0,
        **{name: found[name] for name in ("outputs", "probes", "weights", "losses")},
        **dict(zip(FATES, found["fates"].T, strict=False)),
    }
