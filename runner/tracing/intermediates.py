"""The columns that one trial has at one epoch, beside those of the tables: what its pass computes, and its weights."""

from collections.abc import Iterator

from runner.errors import RunnerError
from runner.experiment.spec import Experiment

TRAINED = "trained_"  # before a parameter's name: as it stands after so many epochs
PASSES = {
    "hidden_preactivations": "hidden",
    "hidden_activations": "hidden",
    "output_preactivations": "output",
    "outputs": "output",
    "errors": "output",
    "output_slopes": "output",
    "output_deltas": "output",
    "hidden_errors": "hidden",
    "hidden_slopes": "hidden",
    "hidden_deltas": "hidden",
}


def intermediate_columns(experiment: Experiment) -> list[str]:
    """Return the names of the numbers of a trace, `hidden_slopes[SAMPLE,UNIT]` and `trained_W1[INPUT,UNIT]`.

    Empty where the experiment has axes: a trace is of one trial. Errors are target - output, and a delta is an error
    times its slope: those of the objective half-sse, downhill.
    """
    if len(experiment.grids) > 1 or experiment.grids[0].axes:
        return []
    return [f"{name}[{','.join(map(str, place))}]" for name, shape in _shapes(experiment) for place in _places(shape)]


def intermediates(experiment: Experiment, seed: int, epoch: int) -> dict[str, float]:
    """Return those numbers of a seed's trial after `epoch` epochs: its weights, and what the next pass computes.

    Raises `RunnerError` where the trial stopped before.
    """
    from runner.tracing.trace import trace

    found = trace(experiment, seed, epoch + 1)
    if found.epochs <= epoch:
        raise RunnerError(f"seed {seed} ran {found.epochs:,} epochs; there is no pass after {epoch:,}")
    arrays = {name: found.passes[name][epoch] for name in PASSES}
    arrays |= {f"{TRAINED}{name}": array for name, array in found.named(found.states[epoch]).items()}
    return {
        f"{name}[{','.join(map(str, place))}]": float(array[place])
        for name, array in arrays.items()
        for place in _places(array.shape)
    }


def _shapes(experiment: Experiment) -> Iterator[tuple[str, tuple[int, ...]]]:
    task, hidden = experiment.task, experiment.network.hidden
    inputs, outputs = len(task.inputs[0]), len(task.targets[0])
    for name, layer in PASSES.items():
        yield name, (len(task.inputs), hidden if layer == "hidden" else outputs)
    yield f"{TRAINED}W1", (inputs, hidden)
    yield f"{TRAINED}W2", (hidden, outputs)
    if experiment.network.bias:
        yield f"{TRAINED}b1", (hidden,)
        yield f"{TRAINED}b2", (outputs,)


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not shape:
        yield ()
        return
    for first in range(shape[0]):
        for rest in _places(shape[1:]):
            yield (first, *rest)
