"""A training as it might have been meant: ours with something changed, and how it is run from many initial weights."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.checking import notebook
from runner.checking.notebook import OURS, Rule
from runner.checking.parameters import count, named, shapes
from runner.experiment.spec import Experiment, Grid, Skip
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """An experiment without axes, and what an experiment file cannot say.

    `units` draws unit by unit, each with its bias after its weights; `python` draws from Python's own random;
    `zero_biases` draws none; `backwards` presents the samples from the last to the first.
    """

    experiment: Experiment
    rule: Rule = OURS
    units: bool = False
    python: bool = False
    zero_biases: bool = False
    backwards: bool = False


@dataclass(frozen=True, eq=False)
class Trained:
    """Outputs (trials, samples, outputs), losses (trials,) and weights (trials, parameters) after training."""

    outputs: Numbers
    loss: Numbers
    weights: Numbers


def base(experiment: Experiment) -> Setting:
    """The base values of an experiment, with nothing recorded but what is compared."""
    record = type(experiment.record)(outputs=True, weights=True)
    task = experiment.task.model_copy(update={"probes": ()})
    return Setting(replace(experiment, grids=(Grid(),), record=record, task=task))


def changed(setting: Setting, table: str, **values: Any) -> Setting:
    """The setting with values of one table of its experiment replaced."""
    model = getattr(setting.experiment, table).model_copy(update=values)
    return replace(setting, experiment=replace(setting.experiment, **{table: model}))


def initial(setting: Setting, seeds: Sequence[int]) -> Numbers:
    """The initial weights (seeds, parameters) in the order W1, b1, W2, b2."""
    experiment = setting.experiment
    if experiment.init.distribution == "given" or not (setting.units or setting.python or setting.zero_biases):
        return engine.initial_weights(_work(experiment, seeds))
    return np.array([_drawn(setting, seed) for seed in seeds])


def _drawn(setting: Setting, seed: int) -> Numbers:
    init, parameters = setting.experiment.init, count(setting.experiment)
    order = np.concatenate(list(_order(setting)))
    kind = np.random.default_rng if init.generator == "pcg64" else np.random.RandomState
    stream: Any = np.random.RandomState([seed]) if setting.python else kind(seed)  # a list is how random.seed does it
    if init.distribution == "uniform":
        draws = stream.uniform(init.low, init.high, len(order))
    else:
        draws = stream.normal(init.mean, init.std, len(order))
    weights = np.zeros(parameters)
    weights[order[order >= 0]] = draws[order >= 0]
    own = shapes(setting.experiment)
    fan_in = np.concatenate([np.full(math.prod(shape), own["W" + name[1]][0]) for name, shape in own.items()])
    return weights * (1.0 / np.sqrt(fan_in) if isinstance(init.scale, str) else init.scale)


def _order(setting: Setting) -> Iterator[NDArray[np.int64]]:
    """For each draw the place of its weight, -1 where it is passed over."""
    experiment = setting.experiment
    places = named(np.arange(count(experiment)), experiment)
    if setting.zero_biases:
        places = {name: array for name, array in places.items() if name.startswith("W")}
    if setting.units:
        for layer in "12":
            incoming = [places[f"W{layer}"], *([places[f"b{layer}"][None]] if f"b{layer}" in places else [])]
            yield np.concatenate(incoming).T.ravel()
        return
    for entry in experiment.init.order:
        if isinstance(entry, Skip):
            yield np.full(entry.skip, -1)
        elif (name := entry.removesuffix(".T")) in places:
            yield (places[name].T if entry.endswith(".T") else places[name]).ravel()


def run(settings: Sequence[Setting], weights: Sequence[Numbers]) -> list[Trained]:
    """Train each setting from its initial weights (trials, parameters), those of one kind side by side."""
    kinds: dict[Any, list[int]] = defaultdict(list)
    for number, setting in enumerate(settings):
        experiment, training = setting.experiment, setting.experiment.training
        epochs = training.epochs if setting.rule != OURS else -1
        alike = (training.update, training.precision, training.momentum > 0, epochs)
        kinds[setting.rule, setting.backwards, experiment.network, experiment.convergence, alike].append(number)
    found: dict[int, Trained] = {}
    for numbers in kinds.values():
        several = [settings[number] for number in numbers]
        counts = [len(weights[number]) for number in numbers]
        together = _together(several, np.concatenate([weights[number] for number in numbers]), counts)
        ends = np.cumsum(counts)[:-1]
        parts = [np.split(array, ends) for array in (together.outputs, together.loss, together.weights)]
        found |= {number: Trained(*(part[k] for part in parts)) for k, number in enumerate(numbers)}
    return [found[number] for number in range(len(settings))]


def _together(settings: Sequence[Setting], weights: Numbers, counts: Sequence[int]) -> Trained:
    """Train settings that differ in numbers only; `counts` says how many rows of the weights belong to each."""
    first = settings[0]
    experiment, task = first.experiment, first.experiment.task
    if first.backwards:
        task = task.model_copy(update={"inputs": task.inputs[::-1], "targets": task.targets[::-1]})
        experiment = replace(experiment, task=task)
    keys = {"learning_rate": float, "momentum": float, "epochs": int, "objective": object}
    each = [setting.experiment.training for setting in settings]
    values: dict[str, Any] = {
        key: np.repeat(np.array([getattr(one, key) for one in each], kind), counts) for key, kind in keys.items()
    }
    targets = np.array(task.targets)
    if first.rule == OURS:
        work = _work(experiment, np.zeros(len(weights), np.int64))
        out = engine.compute(replace(work, values=values | _axes(weights, experiment)))
        assert out is not None
        outputs = out["outputs"].reshape(-1, *targets.shape)
        trained = Trained(outputs, out["loss"], out["weights"])
    else:
        factors = np.array([engine.FACTOR[objective](targets.size) for objective in values["objective"]])
        parameters = {name: a if a.ndim == 3 else a[:, None] for name, a in named(weights, experiment).items()}
        outputs, after = notebook.trained(
            first.rule,
            np.array(task.inputs),
            targets,
            parameters,
            values["learning_rate"] * factors,
            values["momentum"],
            experiment.training.epochs,
            experiment.training.update == "online",
        )
        flat = np.concatenate([after[name].reshape(len(weights), -1) for name in parameters], axis=1)
        with np.errstate(all="ignore"):
            loss = np.mean((targets - outputs) ** 2, axis=(1, 2))
        trained = Trained(outputs, loss, flat)
    return replace(trained, outputs=trained.outputs[:, ::-1]) if first.backwards else trained


def _work(experiment: Experiment, seeds: Sequence[int] | NDArray[np.int64]) -> engine.Work:
    laid_out = plan(replace(experiment, grids=(Grid(),)))
    return replace(engine.work(laid_out, next(iter(chunks(laid_out)))), seeds=np.array(seeds, np.int64), values={})


def _axes(weights: Numbers, experiment: Experiment) -> dict[str, Numbers]:
    """Initial weights (trials, parameters) as the values of an axis for each of them."""
    axes = {}
    for name, array in named(weights, experiment).items():
        for place in np.ndindex(array.shape[1:]):
            axes[f"{name}[{','.join(map(str, place))}]"] = array[(slice(None), *place)]
    return axes
