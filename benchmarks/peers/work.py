"""The unit of work, one XOR training 3-4-1, and what a peer is: a program that does it, and how that is checked."""

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.documents import xor_constant

EPOCHS = 1500
INPUTS = ((0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1))
TARGETS = (0, 1, 1, 0)
WEIGHTS = 16  # W1 (3, 4), then W2 (4, 1), row by row
INSTALL = "not installed: pip install -c constraints.txt -e '.[bench]'"

Weights = NDArray[np.float64]  # (trials, WEIGHTS)


@dataclass
class Trained:
    """What a peer hands back: its final weights, or what else its own reference gives, and the seconds it took."""

    weights: Weights = field(default_factory=lambda: np.empty((0, 0)))
    seconds: float = 0.0


timer = time.perf_counter  # of `clock`; tables of one core take CPU time, so that other programs do not count


@contextmanager
def clock() -> Iterator[Trained]:
    """Time a block, and hand it the record to put its weights into."""
    trained, start = Trained(), timer()
    yield trained
    trained.seconds = timer() - start


class SkippedError(Exception):
    """A peer cannot run here; the message says why."""


@cache
def initial_weights(trials: int) -> Weights:
    """What the document's code draws after np.random.seed(s), s from 0."""
    return np.array([np.random.RandomState(seed).rand(WEIGHTS) for seed in range(trials)])


@cache
def notebook_weights(seed: int, epochs: int) -> NDArray[np.float64]:
    """The final weights of the document's own code."""
    return np.concatenate([np.ravel(weight) for weight in xor_constant(seed, epochs).weights.values()])


@cache
def notebook_outputs(seed: int, epochs: int) -> NDArray[np.float64]:
    """What the document's own code answers after training."""
    return xor_constant(seed, epochs).outputs[:, 0]


@dataclass(frozen=True)
class Peer:
    """A program that trains many networks from given weights.

    `train(initial, epochs, cores, precision, **variant)` gives `Trained`. `variants(cores)` are the settings worth
    trying, each with `batch`, the trials of a call; the fastest is measured. `reference(seed, epochs)` is what a trial
    has to give.
    """

    name: str
    precision: str
    what: str
    train: Callable[..., Trained]
    variants: Callable[[int], list[dict[str, Any]]]
    needs: str = "numpy"
    reference: Callable[[int, int], NDArray[np.float64]] = notebook_weights
    slow_to_start: bool = False  # so that a quick run leaves it out
    in_full: bool = False  # costs something that fewer epochs would not make less

    def run(self, cores: int, epochs: int, **variant: Any) -> Trained:
        """Train `batch` trials once."""
        if importlib.util.find_spec(self.needs) is None:
            raise SkippedError(INSTALL)
        settings = {name: value for name, value in variant.items() if name != "batch"}
        return self.train(initial_weights(variant["batch"]), epochs, cores, self.precision, **settings)


TOLERANCE = {"float64": (1e-12, 1e-9), "float32": (1e-4, 1e-2)}
SHORT = EPOCHS // 10


def check(peer: Peer, found: Weights, epochs: int, trials: int = 8) -> None:
    """Hold some of a peer's trials, from the first to the last, against the reference.

    An error is the largest difference of a trial over the largest number of its reference. Training multiplies
    rounding, in some seeds by a million: up to `SHORT` epochs every trial has to keep to the first tolerance of its
    precision, beyond them the median trial to the second.
    """
    errors = []
    for seed in np.unique(np.linspace(0, len(found) - 1, trials).astype(int)).tolist():
        expected = peer.reference(seed, epochs)
        errors.append(np.max(np.abs(found[seed] - expected)) / np.max(np.abs(expected)))
    short, long = TOLERANCE[peer.precision]
    error, allowed = (max(errors), short) if epochs <= SHORT else (float(np.median(errors)), long)
    if not error <= allowed:
        raise AssertionError(f"{peer.name}, {peer.precision}: off by {error:.1e} after {epochs} epochs")


def split(initial: Weights, parts: int) -> list[Weights]:
    """The trials in so many equal parts, one a thread."""
    return np.array_split(initial, parts)
