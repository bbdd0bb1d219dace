"""The trials of a plan by network shape: how many there are, how they are cut, and which are worth measuring."""

import math
import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runner.planning.chunks import Shape, Shapes, chunks
from runner.planning.plan import Plan
from runner.planning.product import Numbers

_LOOKED_AT = 200_000  # trials, to see which shapes there are
_CUTTING = 0.3  # seconds, to see how they are cut
_MEASURED = 6  # shapes


@dataclass(frozen=True)
class Group:
    """All trials of one shape: how many, in how many chunks; some of their numbers, in no order, and their epochs."""

    shape: Shape
    count: float
    chunks: int
    trials: Numbers
    epochs: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many trials make a chunk."""
        return max(1, math.ceil(self.count / self.chunks - 1e-9))

    @property
    def variant(self) -> tuple[object, ...]:
        """What changes the time of a trial beside the number of hidden units, with which it grows steadily."""
        shape = self.shape
        return shape.precision, shape.update, shape.momentum, shape.generator, shape.stop


def groups(laid_out: Plan) -> tuple[list[Group], float]:
    """The groups of a plan, found in many of its trials, and the CPU seconds that a trial takes to be cut."""
    generator = np.random.default_rng(0)
    trials = np.arange(min(laid_out.trials, _LOOKED_AT))
    if laid_out.trials > _LOOKED_AT:
        trials = np.sort(generator.integers(0, laid_out.trials, _LOOKED_AT))
    shapes, configurations = Shapes(laid_out), laid_out.locate(trials)[0]
    kinds = shapes.numbers(configurations)
    epochs = laid_out.values(configurations).get("epochs")
    if epochs is None:
        epochs = np.full(len(trials), laid_out.experiment.training.epochs)
    sizes, cutting = _cut(laid_out)
    found = []
    for kind, shape in enumerate(shapes.found):
        own = generator.permutation(np.flatnonzero(kinds == kind))
        count = len(own) / len(trials) * laid_out.trials
        pieces = math.ceil(count / sizes.get(shape, max(sizes.values())) - 1e-9)
        found.append(Group(shape, count, pieces, trials[own], epochs[own]))
    return found, cutting


def _cut(laid_out: Plan) -> tuple[dict[Shape, float], float]:
    """The mean number of trials in the chunks of each shape that is met early, and the CPU seconds of cutting one."""
    count, trials, clock, begun = Counter[Shape](), Counter[Shape](), time.perf_counter(), time.process_time()
    for chunk in chunks(laid_out):
        count[chunk.shape] += 1
        trials[chunk.shape] += len(chunk.trials)
        if time.perf_counter() - clock > _CUTTING:
            break
    seconds = (time.process_time() - begun) / trials.total()
    return {shape: trials[shape] / number for shape, number in count.items()}, seconds


def worth_measuring(found: list[Group]) -> list[Group]:
    """Of each variant those with the fewest and the most hidden units, and some in between."""
    variants: dict[tuple[object, ...], dict[int, Group]] = {}
    for group in sorted(found, key=lambda group: group.count):  # the largest one stands for its like
        variants.setdefault(group.variant, {})[group.shape.hidden] = group
    chosen = []
    for of in variants.values():
        hidden = sorted(of)
        places = np.linspace(0, len(hidden) - 1, min(len(hidden), max(2, _MEASURED // len(variants))))
        chosen += [of[hidden[round(place)]] for place in places]
    return chosen
