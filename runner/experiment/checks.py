"""The rules that tie keys together, checked on the axes without expanding their product."""

from typing import Any

from runner.experiment.limits import WEIGHTS
from runner.experiment.spec import SWEEPABLE, Experiment, Grid, Task
from runner.experiment.weight_axes import parsed
from runner.labels import plural
from runner.messages import Refusal, shown

_ONLINE = {"sse", "half-sse"}


def span(experiment: Experiment, key: str) -> set[Any]:
    """Return every value that a sweepable key takes: its base value, and those of each axis over it."""
    return {value for grid in (Grid(), *experiment.grids) for value in _values(experiment, grid, key)}


def check(experiment: Experiment) -> None:
    """Raise `Refusal` where keys contradict each other, for the base values or in any grid."""
    _check_weights(experiment)
    width = len(experiment.task.inputs[0])
    if any(len(probe) != width for probe in experiment.record.probes):
        raise Refusal("record.probes", f"a probe needs {plural(width, 'number')}, one for each input of the task")
    # A grid without axes stands for the base values, which `trace` runs.
    _check_grid(experiment, Grid(), "sweep")
    for index, grid in enumerate(experiment.grids):
        _check_grid(experiment, grid, f"sweep[{index}]" if len(experiment.grids) > 1 else "sweep")


def warnings(experiment: Experiment) -> list[str]:
    """Return a sentence for each thing that runs but seldom means what was intended."""
    found = []
    outside = [value for row in experiment.task.targets for value in row if not 0 <= value <= 1]
    if outside:
        found.append(f"the target {shown(outside[0])} lies outside [0, 1], where no sigmoid output can follow")
    axes = [axis for grid in experiment.grids for axis in grid.axes]
    objectives, rates = (
        sorted({str(value) for axis in axes if axis.key == key for value in axis.values})
        for key in ("objective", "learning_rate")
    )
    if len(objectives) > 1 and len(rates) > 1:
        found.append(
            f"the objectives {', '.join(objectives)} stand beside a swept learning rate: "
            "in a batch update an objective only rescales the learning rate"
        )
    return found


def _check_weights(experiment: Experiment) -> None:
    init, bias = experiment.init, experiment.network.bias
    if init.distribution != "given":
        for name in ("W1", "b1", "W2", "b2"):
            if getattr(init, name) is not None:
                raise Refusal(f"init.{name}", 'has no effect without distribution = "given"')
        return
    inputs, hidden, outputs = (
        len(experiment.task.inputs[0]),
        experiment.network.hidden,
        len(experiment.task.targets[0]),
    )
    for name, shape in {"W1": (inputs, hidden), "b1": (hidden,), "W2": (hidden, outputs), "b2": (outputs,)}.items():
        weights = getattr(init, name)
        wanted = " x ".join(map(str, shape))
        if name.startswith("b") and not bias:
            if weights is not None:
                raise Refusal(f"init.{name}", "has no effect with network.bias = false")
        elif weights is None:
            raise Refusal(f"init.{name}", f'is missing; distribution = "given" needs its {wanted} numbers')
        elif (len(weights), *(len(row) for row in weights[:1] if isinstance(row, tuple))) != shape:
            raise Refusal(f"init.{name}", f"must be {wanted} numbers for this task and network.hidden = {hidden}")
    if len({seed for grid in experiment.grids for seed in grid.seeds[:2]}) > 1:
        raise Refusal("sweep.seeds", 'distribution = "given" has no use for a second seed; write seeds = 1')
    for axis in (axis for grid in experiment.grids for axis in grid.axes if axis.key in ("hidden", "bias")):
        raise Refusal(f"sweep.{axis.key}", 'the weights of distribution = "given" fit one network only')


def _check_grid(experiment: Experiment, grid: Grid, where: str) -> None:
    swept = {axis.key for axis in grid.axes}
    values = {key: _values(experiment, grid, key) for key in SWEEPABLE}
    key = {name: f"{where}.{name}" if name in swept else f"{table}.{name}" for name, table in SWEEPABLE.items()}
    low, high = max(values["low"]), min(values["high"])
    if low >= high:
        raise Refusal(key["low"], f"must be below {key['high']}: {low:g} is not below {high:g}")
    if "online" in values["update"] and (others := [name for name in values["objective"] if name not in _ONLINE]):
        raise Refusal(key["objective"], 'update = "online" takes the objective "sse" or "half-sse"', others[0])
    if "classification" in values["metric"] and (reason := _undecidable(experiment.task)):
        raise Refusal(key["metric"], f"says nothing about this task: {reason}", "classification")
    for weight in swept:
        _check_weight(experiment.task, weight, min(values["hidden"]), False not in values["bias"], where)
    hidden, edges = max(values["hidden"]), len(experiment.task.inputs[0]) + len(experiment.task.targets[0])
    if hidden * edges > WEIGHTS:
        raise Refusal(key["hidden"], f"makes a network of {hidden * edges:,} weights; at most {WEIGHTS:,}", hidden)


def _check_weight(task: Task, key: str, hidden: int, bias: bool, where: str) -> None:
    """Refuse the axis of a weight that the smallest network of its grid does not have."""
    name, row, column = parsed(key) or ("", 0, 0)
    inputs, outputs = len(task.inputs[0]), len(task.targets[0])
    shapes = {"W1": (inputs, hidden), "b1": (1, hidden), "W2": (hidden, outputs), "b2": (1, outputs)}
    if name.startswith("b") and not bias:
        raise Refusal(f"{where}.{key}", "names a bias, and network.bias = false")
    if name and (row >= shapes[name][0] or column >= shapes[name][1]):
        size = " x ".join(map(str, shapes[name])) if name.startswith("W") else str(shapes[name][1])
        raise Refusal(f"{where}.{key}", f"names no weight of this network, whose {name} is {size}, counted from 0")


def _values(experiment: Experiment, grid: Grid, key: str) -> tuple[Any, ...]:
    for axis in grid.axes:
        if axis.key == key:
            return axis.values
    return (getattr(getattr(experiment, SWEEPABLE[key]), key),)


def _undecidable(task: Task) -> str:
    for output, targets in enumerate(zip(*task.targets, strict=True)):
        if 0.5 in targets:
            return "it has a target of 0.5"
        if len({target > 0.5 for target in targets}) == 1:
            return f"all targets of output {output} lie on one side of 0.5"
    return ""
