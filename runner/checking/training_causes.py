"""What a user's training may do otherwise once its weights are drawn: steps, moments, updates, momentum, slopes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from runner.checking.cause import Cause
from runner.checking.notebook import Slope
from runner.checking.setting import Setting, changed
from runner.labels import plural
from runner.sweeping.engine import FACTOR

_DESCENDED = {
    "sse": "the sum of the squared errors",
    "half-sse": "half the sum of the squared errors",
    "mse": "the mean of the squared errors",
    "half-mse": "half the mean of the squared errors",
}


def steps(setting: Setting) -> Iterator[Cause]:
    """Another objective, a factor too many or too few, the learning rate applied twice, the wrong direction."""
    training, task = setting.experiment.training, setting.experiment.task
    rate, samples, outputs = training.learning_rate, len(task.inputs), len(task.targets[0])
    if rate <= 0:
        return
    ours, known = FACTOR[training.objective](samples * outputs), set[float]()
    for objective in ("sse", "half-sse") if training.update == "online" else _DESCENDED:
        factor = FACTOR[objective](samples * outputs) / ours
        if factor not in known | {1.0}:
            known.add(factor)
            text = f"it descends {_DESCENDED[objective]}, and its gradient is {factor:g} times ours"
            yield Cause("step", text, changed(setting, "training", objective=objective))

    def cause(text: str, other: float) -> Cause:
        return Cause("step", text, changed(setting, "training", learning_rate=other))

    reasons = [(2, "the factor of a square"), (outputs, plural(outputs, "output"))]
    reasons += [(samples, f"{samples} samples")] if training.update == "batch" else []
    for size in dict.fromkeys(size for size, _ in reasons):
        why = " or ".join(reason for of, reason in reasons if of == size)
        for factor in (float(size), 1 / size):
            if factor not in known | {1.0}:
                yield cause(f"its gradient is {factor:g} times ours, as if by {why}", rate * factor)
    if rate != 1:
        yield cause("it applies the learning rate twice", rate * rate)
        yield cause("it applies the learning rate once, and ours is its square", rate**0.5)
    yield cause("its updates go uphill: their sign is turned", -rate)


def moments(setting: Setting) -> Iterator[Cause]:
    """Outputs from before the last update, an epoch more, a stop at convergence."""
    training, stop = setting.experiment.training, setting.experiment.convergence.stop

    def after(text: str, epochs: int) -> Cause:
        return Cause("moment", text, changed(setting, "training", epochs=epochs))

    if training.epochs > 0:
        yield after("its outputs are from before the last update: after one epoch less", training.epochs - 1)
    if training.epochs > 1:
        yield after("its outputs are those of the initial weights", 0)
    yield after("it trains for one epoch more", training.epochs + 1)
    if stop:
        yield Cause("moment", "it does not stop at convergence", changed(setting, "convergence", stop=False))
        return
    yield Cause("moment", "it stops at convergence", changed(setting, "convergence", stop=True))
    if training.update == "online" and training.epochs > 0:
        text = "its outputs are from within the last epoch, each from before its own update"
        yield Cause("moment", text, replace(setting, rule=replace(setting.rule, early_outputs=True)))


def updates(setting: Setting) -> Iterator[Cause]:
    """Online for batch, samples backwards, output weights before hidden deltas."""
    if setting.experiment.training.update == "batch":
        text = "it updates after every sample (online), not once an epoch"
        yield Cause("update", text, changed(setting, "training", update="online"))
    else:
        text = "it updates once an epoch (batch), not after every sample"
        yield Cause("update", text, changed(setting, "training", update="batch"))
        yield Cause("samples", "it takes the samples from the last to the first", replace(setting, backwards=True))
    if not setting.experiment.convergence.stop:
        text = "it updates the output weights before it computes the hidden deltas with them"
        yield Cause("order", text, replace(setting, rule=replace(setting.rule, output_first=True)))


def momenta(setting: Setting) -> Iterator[Cause]:
    """No momentum, one that ours has not, and its other forms."""
    training = setting.experiment.training
    momentum = training.momentum

    def cause(text: str, **values: Any) -> Cause:
        return Cause("momentum", text, changed(setting, "training", **values))

    if momentum == 0:
        yield from (cause(f"it has a momentum of {other}", momentum=other) for other in (0.9, 0.5))
        return
    yield cause("it has no momentum", momentum=0.0)
    if momentum < 1:
        text = "its velocity is an average: it multiplies the gradient by 1 - momentum"
        yield cause(text, learning_rate=training.learning_rate * (1 - momentum))
    forms: dict[Literal["nesterov", "keras", "turned"], str] = {
        "nesterov": "its momentum is Nesterov's: it takes the gradient where the velocity leads",
        "keras": "its momentum is Nesterov's in the form of Keras",
        "turned": "the sign of its momentum is turned",
    }
    for form, text in forms.items() if not setting.experiment.convergence.stop else ():
        yield Cause("momentum", text, replace(setting, rule=replace(setting.rule, momentum=form)))


def slopes(setting: Setting) -> Iterator[Cause]:
    """The sigmoid's derivative taken of the wrong number, or left out."""
    wrong: dict[Slope, str] = {
        "sum": "it computes the slope x (1 - x) from a unit's weighted sum, not from its activation",
        "sigmoid of activation": "it computes the slope from the sigmoid of a unit's activation, one sigmoid too many",
        "none": "it leaves out the slope",
    }
    for kind, text in wrong.items() if not setting.experiment.convergence.stop else ():
        rules = {
            "in both layers": replace(setting.rule, output_slope=kind, hidden_slope=kind),
            "of the outputs": replace(setting.rule, output_slope=kind),
            "of the hidden units": replace(setting.rule, hidden_slope=kind),
        }
        for where, rule in rules.items():
            yield Cause("slopes", f"{text}, {where}", replace(setting, rule=rule))
