"""A user's own training function against ours: the same bits, rounding, or another algorithm and which."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from runner.checking.answer import Answer, understood
from runner.checking.diagnosis import STEPS, Explanation, explanations
from runner.checking.function import TrainingFunction, training_function
from runner.checking.parameters import named, shapes
from runner.checking.rounding import Rounding, distance, rounding
from runner.checking.setting import Trained, base, initial, run
from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.spec import Experiment

Verdict = Literal["same bits", "rounding", "another algorithm"]
Numbers = NDArray[np.float64]

_FEW = 20  # epochs, after which rounding has not grown much yet


@dataclass(frozen=True)
class Comparison:
    """What a seed shows: the largest differences of outputs, weights and loss, None where they were not returned.

    `rounding` is the largest difference of outputs that rounding makes; `telling` whether another algorithm would
    stand out from it. `seconds` is what the function took.
    """

    seed: int
    epochs: int
    outputs: float
    weights: float | None
    loss: float | None
    rounding: float
    telling: bool
    verdict: Verdict
    seconds: float


@dataclass(frozen=True)
class Verification:
    """The verdict over all seeds, what each of them shows, and what explains another algorithm in every seed."""

    function: str
    experiment: Experiment
    verdict: Verdict
    seeds: tuple[Comparison, ...]
    explanations: tuple[Explanation, ...]
    notes: tuple[str, ...]


def verify(
    function: str | Callable[..., Any],
    source: Experiment | str | os.PathLike[str] | Mapping[str, Any],
    *,
    seeds: int = 10,
    overrides: Sequence[str] = (),
    progress: Callable[[Comparison], None] = lambda _: None,
) -> Verification:
    """Hold a training function (FILE:FUNCTION, or itself) against the base values of an experiment, seed by seed.

    It is called with `inputs` (samples, inputs), `targets` (samples, outputs), `seed`, `probes`, the initial weights
    `W1`, `b1`, `W2`, `b2`, and the experiment's other values by their names, of all of which it takes what it names. It
    returns its outputs after training, or outputs, loss and weights, or a dict of these. np.random and random are
    seeded before each call. `source` and `overrides` are as in `trace`; `progress` is called after each seed.

    Raises `RunnerError` where the function cannot be used, or no seed can tell rounding from another algorithm.
    """
    if seeds < 1:
        raise RunnerError(f"seeds = {seeds}: it must be 1 or more")
    experiment = source if isinstance(source, Experiment) else read(source, overrides)
    count = 1 if experiment.init.distribution == "given" else seeds
    theirs = training_function(function, _values(experiment, 0, initial(base(experiment), [0])[0]))
    found = _verified(theirs, experiment, count, progress)
    if found.verdict == "rounding" and not any(comparison.telling for comparison in found.seeds):
        epochs = experiment.training.epochs
        if not theirs.uses("epochs") or epochs <= _FEW:
            raise RunnerError(
                f"{theirs.name}: after {epochs:,} epochs rounding has grown too much, in every seed, to be told from "
                f"another algorithm; let the function take epochs, and add --set training.epochs={_FEW}"
            )
        early = experiment.training.model_copy(update={"epochs": _FEW})
        found = _verified(theirs, replace(experiment, training=early), count, progress)
    return found


def _verified(
    theirs: TrainingFunction, experiment: Experiment, count: int, progress: Callable[[Comparison], None]
) -> Verification:
    setting = base(experiment)
    starts = initial(setting, range(count))
    (ours,) = run([setting], [starts])
    allowed = rounding(setting, starts, ours)
    answers, found = [], []
    for seed in range(count):
        began = time.monotonic()
        answers.append(_called(theirs, experiment, seed, starts[seed]))
        found.append(_compared(experiment, seed, answers[-1], ours, allowed, time.monotonic() - began))
        progress(found[-1])
    verdicts = {comparison.verdict for comparison in found}
    if "another algorithm" not in verdicts:
        verdict: Verdict = "rounding" if "rounding" in verdicts else "same bits"
        return Verification(theirs.name, experiment, verdict, tuple(found), (), tuple(_on_loss(answers, ours)))
    outputs = np.array([answer.outputs for answer in answers])
    others = [comparison for comparison in found if comparison.outputs > comparison.rounding]
    explained: tuple[Explanation, ...] = ()
    if others:
        apart = [comparison.seed for comparison in sorted(others, key=lambda other: not other.telling)][:3]
        again = _called(theirs, experiment, apart[0], starts[apart[0]])
        if distance(again.outputs, outputs[apart[0]]) > 0:
            raise RunnerError(
                f"{theirs.name} gives other outputs when it is called with seed {apart[0]} again; it must draw from "
                "np.random, or from a generator made from seed, and keep nothing between calls"
            )
        explained = explanations(setting, outputs, apart)
    notes = tuple(_hints(theirs, outputs, ours, bool(others)))
    updates = experiment.training.epochs * len(experiment.task.inputs)
    if others and not explained and updates > STEPS:
        notes = (*notes, f"{updates:,} steps are too many to try every cause; after fewer epochs all are tried")
    return Verification(theirs.name, experiment, "another algorithm", tuple(found), explained, notes)


def _values(experiment: Experiment, seed: int, start: Numbers) -> dict[str, Any]:
    """All that a function may take, by name; its arrays are its own to change."""
    task, record = experiment.task, experiment.record
    values: dict[str, Any] = {
        "inputs": np.array(task.inputs),
        "targets": np.array(task.targets),
        "seed": seed,
        "probes": np.array([*task.probes, *record.probes], float).reshape(-1, len(task.inputs[0])),
    }
    for table in (experiment.network, experiment.init, experiment.training, experiment.convergence):
        values |= {key: getattr(table, key) for key in type(table).model_fields if key != "order"}
    weights = named(start, experiment)
    return values | {name: weights[name].copy() if name in weights else None for name in ("W1", "b1", "W2", "b2")}


def _called(theirs: TrainingFunction, experiment: Experiment, seed: int, start: Numbers) -> Answer:
    targets = len(experiment.task.targets), len(experiment.task.targets[0])
    return understood(theirs(_values(experiment, seed, start), seed), targets, shapes(experiment), theirs.name)


def _compared(
    experiment: Experiment, seed: int, answer: Answer, ours: Trained, allowed: Rounding, seconds: float
) -> Comparison:
    own = named(ours.weights[seed], experiment)
    outputs = distance(answer.outputs, ours.outputs[seed])
    weights = None
    if answer.weights is not None:
        weights = max((distance(array, own[name]) for name, array in answer.weights.items()), default=0.0)
    within = outputs <= allowed.outputs[seed] and (weights or 0.0) <= allowed.weights[seed]
    return Comparison(
        seed=seed,
        epochs=experiment.training.epochs,
        outputs=outputs,
        weights=weights,
        loss=None if answer.loss is None else distance(np.array(answer.loss), ours.loss[seed]),
        rounding=float(allowed.outputs[seed]),
        telling=bool(allowed.telling[seed]),
        verdict="another algorithm" if not within else "rounding" if outputs or weights else "same bits",
        seconds=seconds,
    )


def _on_loss(answers: Sequence[Answer], ours: Trained) -> Iterator[str]:
    """What is to be said of a loss that is not ours though the outputs are."""
    pairs = [(answer.loss, loss) for answer, loss in zip(answers, ours.loss, strict=True) if answer.loss is not None]
    ratios = np.array([theirs / own for theirs, own in pairs if own > 0])
    if not len(ratios) or np.allclose(ratios, 1, rtol=1e-6, atol=0):
        return
    factor = f"{ratios[0]:.6g}"
    multiple = np.allclose(ratios, float(factor), rtol=1e-5, atol=0)
    yield f"its loss is {f'{factor} times' if multiple else 'no multiple of'} ours, the mean of the squared errors"


def _hints(theirs: TrainingFunction, outputs: Numbers, ours: Trained, apart: bool) -> Iterator[str]:
    """What stands out where it is another algorithm."""
    if not apart:
        yield "its outputs are ours and its weights are not: they may be another epoch's, or stand in another order"
    if len(outputs) > 1 and (outputs == outputs[0]).all() and not (ours.outputs == ours.outputs[0]).all():
        yield "it gives the same outputs for every seed, so that it does not draw its weights from the seed"
    if own := [name for name in ("inputs", "targets") if not theirs.uses(name)]:
        yield f"it does not take {' and '.join(own)}; those that it has may be others"
