"""What a user's training function returns, understood: outputs, and a loss and weights where it gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.messages import nearest

Numbers = NDArray[np.float64]
Shapes = Mapping[str, tuple[int, ...]]
_KEYS = ("outputs", "loss", "weights")


@dataclass(frozen=True, eq=False)
class Answer:
    """Outputs (samples, outputs); a loss and the weights by name, None where they were not returned."""

    outputs: Numbers
    loss: float | None
    weights: dict[str, Numbers] | None


def understood(returned: Any, targets: tuple[int, int], shapes: Shapes, called: str) -> Answer:
    """Return what a function gave: outputs, or outputs, loss and weights in a row or by name, the last two optional.

    `targets` is (samples, outputs), `shapes` those of the network's parameters. Weights are arrays by name, or in the
    order W1, b1, W2, b2. Raises `RunnerError` that says what else it was.
    """
    if isinstance(returned, Mapping):
        for key in returned:
            if key not in _KEYS:
                raise RunnerError(f"{called} returns a dict with {key!r}; {nearest(str(key), _KEYS)}")
        parts = [returned.get(key) for key in _KEYS]
    elif isinstance(returned, tuple | list) and not _are_outputs(returned, targets):
        parts = _parts(returned)
    else:
        parts = [returned, None, None]
    outputs, loss, weights = parts
    if outputs is None:
        raise RunnerError(f"{called} returns no outputs; end it with: return outputs")
    return Answer(
        _outputs(outputs, targets, called),
        None if loss is None else _loss(loss, called),
        None if weights is None else _weights(weights, shapes, called),
    )


def _are_outputs(value: Sequence[Any], targets: tuple[int, int]) -> bool:
    """Whether a tuple or list holds the outputs themselves."""
    try:
        return np.asarray(value, float).size == np.prod(targets)
    except (TypeError, ValueError, RuntimeError):
        return False


def _parts(returned: Sequence[Any]) -> list[Any]:
    """Outputs, loss, weights; a loss is a number, and weights may stand in one item or in several."""
    outputs, *rest = [*returned] or [None]
    loss = rest.pop(0) if rest and not isinstance(rest[0], Mapping | tuple | list) and np.size(rest[0]) == 1 else None
    together = len(rest) == 1 and (rest[0] is None or isinstance(rest[0], Mapping | tuple | list))
    return [outputs, loss, rest[0] if together else rest or None]


def _outputs(value: Any, targets: tuple[int, int], called: str) -> Numbers:
    found = _numbers(value, "outputs", called)
    samples, outputs = targets
    if found.shape == targets or (found.size == samples * outputs and 1 in targets):
        return found.reshape(targets)
    if found.shape == (outputs, samples):
        return found.T
    raise RunnerError(f"{called} returns outputs of shape {found.shape}; (samples, outputs) are {targets} here")


def _loss(value: Any, called: str) -> float:
    found = _numbers(value, "a loss", called)
    if found.size != 1:
        raise RunnerError(f"{called} returns a loss of shape {found.shape}; it must be one number")
    return float(found.reshape(()))


def _weights(value: Any, shapes: Shapes, called: str) -> dict[str, Numbers]:
    if not isinstance(value, Mapping):
        if len(value) != len(shapes):
            raise RunnerError(f"{called} returns {len(value)} arrays of weights; here they are {', '.join(shapes)}")
        value = dict(zip(shapes, value, strict=True))
    found = {}
    for name, weights in value.items():
        if name not in shapes:
            raise RunnerError(f"{called} returns weights {name!r}; {nearest(str(name), shapes)}")
        array, shape = _numbers(weights, f"weights {name}", called), shapes[name]
        if array.shape == shape[::-1] != shape:
            array = array.T
        flat = max(array.shape, default=1) == array.size  # one row, or one column
        if array.size != np.prod(shape) or (array.shape != shape and not flat):
            raise RunnerError(f"{called} returns weights {name} of shape {array.shape}; here they are {shape}")
        found[name] = array.reshape(shape)
    return found


def _numbers(value: Any, what: str, called: str) -> Numbers:
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        kind = type(value).__name__
        raise RunnerError(
            f"{called} returns {what} of type {kind}, which cannot be read as an array of numbers"
        ) from None
