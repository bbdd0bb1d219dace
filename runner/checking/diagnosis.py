"""Why a function's outputs are not ours: the usual causes tried in turn, alone and together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runner.checking.cause import Cause, overrides
from runner.checking.causes import causes, pairs, triples
from runner.checking.notebook import OURS
from runner.checking.rounding import distance, rounding
from runner.checking.setting import Setting, changed, initial, run

Numbers = NDArray[np.float64]

_NEAR = 2.0**-10  # a cause whose outputs are further away is not looked at closely
STEPS = 100_000  # of a training, beyond which rules that our kernels do not have would take minutes


@dataclass(frozen=True)
class Explanation:
    """What the function does otherwise, and the --set overrides with which ours does so; None where there are none."""

    text: str
    overrides: tuple[str, ...] | None


def explanations(setting: Setting, theirs: Numbers, apart: Sequence[int]) -> tuple[Explanation, ...]:
    """The causes under which ours gives `theirs`, outputs (seeds, samples, outputs) from seed 0 on.

    Single causes come before several, and another precision last. `apart` are seeds that differ, which are tried first.
    """
    training = setting.experiment.training
    short = training.epochs * len(setting.experiment.task.inputs) <= STEPS
    other = "float32" if training.precision == "float64" else "float64"
    precision = Cause("precision", f"it computes in {other}", changed(setting, "training", precision=other))
    for several in (causes(setting), pairs(setting), triples(setting), [precision]):
        tried = [cause for cause in several if short or cause.setting.rule == OURS]
        near = _near(tried, theirs[apart], apart)
        if fitting := [cause for cause in near if _fits(cause.setting, theirs)]:
            return tuple(Explanation(cause.text, overrides(setting.experiment, cause.setting)) for cause in fitting)
    return ()


def _near(tried: Sequence[Cause], theirs: Numbers, seeds: Sequence[int]) -> list[Cause]:
    """The causes that are worth a closer look."""
    results = run([cause.setting for cause in tried], [initial(cause.setting, seeds) for cause in tried])
    return [cause for cause, ours in zip(tried, results, strict=True) if distance(ours.outputs, theirs) <= _NEAR]


def _fits(setting: Setting, theirs: Numbers) -> bool:
    """Whether a setting gives these outputs from every seed but for rounding, and some seed can tell."""
    starts = initial(setting, range(len(theirs)))
    (ours,) = run([setting], [starts])
    allowed = rounding(setting, starts, ours)
    pairs = zip(ours.outputs, theirs, allowed.outputs, strict=True)
    return bool(allowed.telling.any()) and all(distance(own, other) <= limit for own, other, limit in pairs)
