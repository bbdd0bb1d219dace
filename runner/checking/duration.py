"""Roughly how long a script takes, which spends its time in fused multiply-adds."""

from runner.experiment.spec import Experiment

_ONE, _FEW = 1.1, 20  # microseconds of a fused multiply-add one by one, as those of fewer than 20 numbers are
_CALL, _EACH = 25.0, 0.06  # microseconds of many at a time: of each call, and of each number
_OTHER = 40.0  # microseconds of what else a pass does


def duration(experiment: Experiment, epochs: int) -> str:
    """The time that the script of a trial of so many epochs takes, in words."""
    seconds = (epochs + 1) * _epoch(experiment) * 1e-6
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} seconds" if seconds >= 1.5 else "a second"


def _epoch(experiment: Experiment) -> float:
    """Microseconds of an epoch."""
    samples, outputs = len(experiment.task.inputs), len(experiment.task.targets[0])
    inputs, hidden = len(experiment.task.inputs[0]), experiment.network.hidden
    single = experiment.training.precision == "float32"

    def fused(size: int, calls: int) -> float:
        if single:
            return calls * (0.5 * _CALL + _EACH * size)
        return calls * (2.0 + _ONE * size if size < _FEW else _CALL + _EACH * size)

    def forward(rows: int) -> float:
        return fused(rows * hidden, inputs + 16) + fused(rows * outputs, hidden + 16) + _OTHER

    def back(rows: int) -> float:
        gradients = fused(inputs * hidden, rows + 1) + fused(hidden * outputs, rows + 1)
        return fused(rows * hidden, outputs - 1) + gradients + _OTHER

    online = experiment.training.update == "online"
    return (
        forward(samples) + fused(1, samples * outputs) + (samples * (forward(1) + back(1)) if online else back(samples))
    )
