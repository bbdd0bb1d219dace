"""One trial with every intermediate of its epochs, computed by the arithmetic that trains it."""

import operator
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.spec import Experiment, Grid
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine, kernel_cache
from runner.tables.columns import answer_columns

if TYPE_CHECKING:
    import pandas as pd

LARGEST_SEED = 2**32 - 1
NUMBERS = 25_000_000  # that a trace holds: 200 MB

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trace:
    """The epochs of one trial, epoch by epoch and sample by sample.

    `experiment` has no axes and the one seed. `passes`, arrays (epochs, samples, units), are the fields of
    kernels.tracing.Passes: an error is target - output, a delta is an error times a slope, without the objective's
    factor. `gradients`, `velocities` (empty without momentum) and `weights` are (epochs, updates, parameters), one
    update an epoch in batch mode and one a sample in online mode; parameters stand in the order W1, b1, W2, b2, which
    `named` takes apart. A gradient is that of the objective, `factor` times that of half the squared error: without
    momentum the new weight is the old one - learning_rate * gradient, with momentum the new velocity is
    momentum * velocity + learning_rate * gradient and the new weight is the old one - velocity. The kernels hold the
    opposite signs, take learning_rate * factor as one number, and round a product and its sum once; online they
    multiply it into the delta first. So this holds but for rounding, while each number shown is one that they compute.

    `loss`, `max_error` (epochs + 1,), `outputs` (epochs + 1, samples, outputs) and `states`, the weights
    (epochs + 1, parameters), are those before any update and after each epoch.
    """

    experiment: Experiment
    seed: int
    factor: float
    passes: dict[str, Numbers]
    gradients: Numbers
    velocities: Numbers
    weights: Numbers
    loss: Numbers
    max_error: Numbers
    outputs: Numbers
    states: Numbers

    @property
    def epochs(self) -> int:
        """How many epochs ran: fewer than asked for where the trial stops at its convergence."""
        return len(self.loss) - 1

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter that the network has: W1 (inputs, hidden), b1, W2 (hidden, outputs), b2."""
        task, network = self.experiment.task, self.experiment.network
        inputs, outputs = len(task.inputs[0]), len(task.targets[0])
        shapes = {"W1": (inputs, network.hidden), "b1": (network.hidden,)}
        shapes |= {"W2": (network.hidden, outputs), "b2": (outputs,)}
        return {name: shape for name, shape in shapes.items() if network.bias or name.startswith("W")}

    def named(self, flat: Numbers) -> dict[str, Numbers]:
        """Parameters (parameters,) by name, in their shapes."""
        ends = np.cumsum([np.prod(shape) for shape in self.shapes.values()])[:-1]
        parts = zip(self.shapes.items(), np.split(flat, ends), strict=True)
        return {name: part.reshape(shape) for (name, shape), part in parts}

    def frame(self) -> "pd.DataFrame":
        """The trajectory, a row an epoch: epoch, loss, max_error, every weight ("W1[0,1]", "b1[0]"), every output."""
        import pandas as pd

        places = {name: np.ndindex(shape) for name, shape in self.shapes.items()}
        weights = [f"{name}[{','.join(map(str, place))}]" for name, all_ in places.items() for place in all_]
        recorded = self.experiment.record.model_copy(update={"outputs": True})
        outputs = answer_columns(replace(self.experiment, record=recorded))[0]
        columns = np.column_stack([self.loss, self.max_error, self.states, self.outputs.reshape(len(self.loss), -1)])
        frame = pd.DataFrame(columns, columns=["loss", "max_error", *weights, *outputs])
        frame.insert(0, "epoch", np.arange(len(frame)))
        return frame


def trace(
    source: Experiment | str | os.PathLike[str] | Mapping[str, Any],
    seed: int = 0,
    epochs: int | None = None,
    *,
    overrides: Sequence[str] = (),
) -> Trace:
    """Train the base values of an experiment (not its axes) from one seed, and return all that is computed on the way.

    `source` is an experiment, its file, the name of one that ships, or a dict; `overrides` are KEY=VALUE as of --set.
    `epochs` replaces the experiment's own number. Where the experiment stops at convergence, so does the trace.

    Raises `RunnerError` where the input cannot be used, or makes more than 25,000,000 numbers.
    """
    experiment = source if isinstance(source, Experiment) else read(source, overrides)
    seed = _whole("seed", seed, LARGEST_SEED)
    training = experiment.training
    epochs = _whole("epochs", training.epochs if epochs is None else epochs, 1_000_000_000)
    experiment = replace(
        experiment,
        training=training.model_copy(update={"epochs": epochs}),
        grids=(Grid((), (seed,)),),
    )
    _check_size(experiment, epochs)
    return _run(experiment, seed)


def _whole(name: str, value: Any, largest: int) -> int:
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = -1
    if not 0 <= number <= largest:
        raise RunnerError(f"{name}: {value!r} is not a whole number from 0 to {largest}")
    return number


def _check_size(experiment: Experiment, epochs: int) -> None:
    """Refuse what does not fit into memory beside what else runs there."""
    task, network = experiment.task, experiment.network
    samples, outputs = len(task.inputs), len(task.targets[0])
    weights = (len(task.inputs[0]) + network.bias) * network.hidden + (network.hidden + network.bias) * outputs
    updates = samples if experiment.training.update == "online" else 1
    state = 2 + samples * outputs + weights
    epoch = 5 * samples * (network.hidden + outputs) + updates * weights * (3 if experiment.training.momentum else 2)
    most = (NUMBERS - state) // (epoch + state)
    if epochs > most:
        raise RunnerError(
            f"epochs: a trace of {epochs:,} epochs of this network holds {epochs * (epoch + state) + state:,} numbers, "
            f"and at most {NUMBERS:,} are kept; "
            + (f"trace at most {most:,} epochs" if most > 0 else "take fewer samples or hidden units")
        )


def _run(experiment: Experiment, seed: int) -> Trace:
    tracing, convergence = kernel_cache.module("tracing"), kernel_cache.module("convergence")
    lanes, memory, trials = map(kernel_cache.module, ("lanes", "memory", "trials"))
    laid_out = plan(experiment)
    work = engine.work(laid_out, next(chunks(laid_out)))
    task, training, shape = experiment.task, experiment.training, work.shape
    kind = lanes.FLOAT64 if shape.precision == "float64" else lanes.FLOAT32
    inputs, targets, initial = np.array(task.inputs), np.array(task.targets), engine.initial_weights(work)
    factor = engine.FACTOR[training.objective](targets.size)
    only = trials.Trials(
        initial,
        np.array([training.learning_rate * factor]),
        np.array([training.momentum]),
        engine.kernel_threshold(np.array([experiment.convergence.threshold]), shape, targets.size),
        np.array([training.epochs], np.int64),
    )
    space = memory.memory(kind, inputs.shape[1], shape.hidden, targets.shape[1], len(inputs), 0, shape.bias)
    online, parameters = shape.update == "online", initial.shape[1]
    passes = tracing.passes(training.epochs, len(inputs), shape.hidden, targets.shape[1])
    updates = tracing.updates(training.epochs, len(inputs) if online else 1, parameters, shape.momentum)
    states = tracing.states(training.epochs, targets.size, parameters)
    metric = {"loss": convergence.LOSS, "max-error": convergence.MAX_ERROR}.get(
        shape.metric, convergence.CLASSIFICATION
    )
    arguments = (
        kind,
        kernel_cache.module("tiles").Tiles(1),
        np.ascontiguousarray(engine.with_bias(inputs, shape).T, kind.dtype),
        targets.astype(kind.dtype),
        metric,
        shape.stop,
        online,
        only,
        space,
        passes,
        updates,
        states,
    )
    kernel_cache.compiled(tracing.trace, arguments)
    ran = tracing.trace(*arguments)
    return Trace(
        experiment,
        seed,
        factor,
        {name: array[:ran] for name, array in passes._asdict().items()},
        # Subtracted from 0, not negated, so that no zero becomes -0.
        gradients=0.0 - factor * updates.gradients[:ran],
        velocities=0.0 - updates.velocities[:ran],
        weights=updates.weights[:ran],
        loss=states.loss[: ran + 1],
        max_error=states.max_error[: ran + 1],
        outputs=states.outputs[: ran + 1].reshape(ran + 1, *targets.shape),
        states=states.weights[: ran + 1],
    )
