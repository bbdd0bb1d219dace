"""How far the weights of a training are from exact ones, the kernels' and NumPy's side by side.

    python -m benchmarks.accuracy [--quick]

The exact training carries 50 digits from the same initial weights: 3-4-1 XOR as in experiments/xor.toml. A figure is
the largest error of a weight over the largest weight; a cell has its median and maximum over the seeds. Both programs
round at every step, and training multiplies what rounding left.
"""

import argparse
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import described
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from tests.documents import xor_constant

DIGITS = 50
EPOCHS = (1, 100, 1500)
INPUTS = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
TARGETS = np.array([[0], [1], [1], [0]])

_exp = np.frompyfunc(mpmath.exp, 1, 1)
_exact = np.frompyfunc(mpmath.mpf, 1, 1)


def kernel_weights(seeds: int, epochs: int, precision: str) -> NDArray[np.float64]:
    """The kernels' weights (seeds, 16) after so many epochs, W1 before W2, row by row."""
    experiment = read(
        {
            "name": "accuracy",
            "task": "xor-constant",
            "training": {"epochs": epochs, "precision": precision},
            "record": {"weights": True},
            "sweep": {"seeds": seeds},
        }
    )
    laid_out = plan(experiment)
    found = [engine.compute(engine.work(laid_out, chunk)) for chunk in chunks(laid_out)]
    return np.concatenate([columns["weights"] for columns in found if columns is not None])


def numpy_weights(seed: int, epochs: int) -> NDArray[np.float64]:
    """The weights of the document's own code, in the same order."""
    return np.concatenate([np.ravel(weight) for weight in xor_constant(seed, epochs).weights.values()])


def exact_weights(seed: int, epochs: tuple[int, ...]) -> dict[int, NDArray[Any]]:
    """The weights after each of these epochs, with 50 digits from the first product to the last update."""
    stream = np.random.RandomState(seed)
    W1, W2 = _exact(stream.rand(3, 4)), _exact(stream.rand(4, 1))
    X, Y, found = _exact(INPUTS), _exact(TARGETS), {}
    for epoch in range(1, max(epochs) + 1):
        hidden = 1 / (1 + _exp(-X.dot(W1)))
        output = 1 / (1 + _exp(-hidden.dot(W2)))
        delta = 2 * (Y - output) * output * (1 - output)
        step = X.T.dot(delta.dot(W2.T) * hidden * (1 - hidden))
        W1, W2 = W1 + step, W2 + hidden.T.dot(delta)
        if epoch in epochs:
            found[epoch] = np.concatenate([np.ravel(W1), np.ravel(W2)])
    return found


def error(weights: NDArray[np.float64], exact: NDArray[Any]) -> float:
    """The largest error of a weight, over the largest weight."""
    return float(max(abs(_exact(weights) - exact)) / max(abs(exact)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few seeds and epochs, to see that it runs")
    quick = parser.parse_args().quick
    mpmath.mp.dps = DIGITS
    seeds, points = (3, (1, 10)) if quick else (50, EPOCHS)
    exact = [exact_weights(seed, points) for seed in range(seeds)]
    print(f"{described()}, mpmath {mpmath.__version__}; {seeds} seeds\n")
    print(
        "| relative error of a weight after epochs: median (maximum) over seeds |"
        + "".join(f" {e:,} |" for e in points)
    )
    print("|---|" + "---:|" * len(points))
    rows: dict[str, Any] = {
        "kernels, float64": lambda epochs: kernel_weights(seeds, epochs, "float64"),
        "NumPy, float64": lambda epochs: np.array([numpy_weights(seed, epochs) for seed in range(seeds)]),
        "kernels, float32": lambda epochs: kernel_weights(seeds, epochs, "float32"),
    }
    for name, weights in rows.items():
        cells = []
        for epochs in points:
            errors = [error(found, truth[epochs]) for found, truth in zip(weights(epochs), exact, strict=True)]
            cells.append(f" {np.median(errors):.1e} ({max(errors):.1e}) |")
        print(f"| {name} |{''.join(cells)}")


if __name__ == "__main__":
    main()
