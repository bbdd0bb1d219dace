"""Other shapes of network and task, ours beside the better of two JAX programs, on one core in float64.

What a cell costs is divided by its weights, samples and epochs: a cost that grows linearly gives the same figure
everywhere. Ours tests for convergence after every epoch; JAX does not. Ours is the difference between a long call and a
short one: drawing the initial weights of a large network costs as much as some epochs of few samples, and JAX, which is
given them, does not draw.
"""

import statistics
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.work import INSTALL, clock
from benchmarks.throughput import pieces, ratio, turns
from runner.experiment.reading import read
from runner.planning.plan import plan
from runner.sweeping import engine

HIDDEN = (1, 4, 16, 64, 256)
WIDEST = {1: 256, 4: 256, 32: 256, 1000: 16}  # hidden units by samples: beyond, a call takes seconds
RATE = 0.01
CHECKED = 3  # epochs, after which the programs have to agree
FEWEST = 10  # epochs, so that what a call costs once is small


@dataclass(frozen=True)
class Shape:
    """A network without biases, and a task of random numbers for it."""

    inputs: int
    hidden: int
    outputs: int
    samples: int

    @property
    def weights(self) -> int:
        """All of them: each is used once a sample on the way forward."""
        return self.hidden * (self.inputs + self.outputs)

    @cached_property
    def trials(self) -> int:
        """Of a call of ours: four rounds of those that run side by side, or one."""
        return engine.lanes(work(self, 1, 1)) * (4 if self.weights * self.samples < 4096 else 1)

    @property
    def batch(self) -> int:
        """Trials of a call of JAX: what an epoch touches stays near the processor's core.

        On twelve of these shapes, four times as many cost up to twice as much; for the smallest networks fewer pay for
        every operation's start.
        """
        numbers = self.samples * (self.hidden + self.outputs) + self.weights
        return int(np.clip(8192 // numbers, 8, 2048))

    @cached_property
    def task(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inputs (samples, inputs) and targets (samples, outputs)."""
        stream = np.random.default_rng(self.samples)
        return stream.random((self.samples, self.inputs)), stream.random((self.samples, self.outputs))

    def initial(self, trials: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """W1 (trials, inputs, hidden) and W2 (trials, hidden, outputs) as ours draws them."""
        draws = np.array([np.random.RandomState(seed).uniform(-0.5, 0.5, self.weights) for seed in range(trials)])
        first = self.inputs * self.hidden
        W1, W2 = draws[:, :first], draws[:, first:]
        return W1.reshape(trials, self.inputs, self.hidden), W2.reshape(trials, self.hidden, self.outputs)


def ours(shape: Shape, epochs: int) -> engine.Work:
    """The work of one call of ours."""
    return work(shape, epochs, shape.trials)


def work(shape: Shape, epochs: int, trials: int) -> engine.Work:
    """The work of a call with so many trials."""
    inputs, targets = shape.task
    experiment = {
        "name": "shape",
        "task": {"inputs": inputs.tolist(), "targets": targets.tolist()},
        "network": {"hidden": shape.hidden, "bias": False},
        "init": {"generator": "mt19937", "distribution": "uniform", "low": -0.5, "high": 0.5, "order": ["W1", "W2"]},
        "training": {"learning_rate": RATE, "epochs": epochs, "update": "batch", "objective": "half-sse"},
        "record": {"weights": True},
        "sweep": {"seeds": trials},
    }
    return pieces(plan(read(experiment)), trials)[0]


def jax_programs(shape: Shape) -> dict[str, Any]:
    """Two ways in JAX to train a batch for so many epochs, from W1 and W2 to W1 and W2.

    By vmap of autodiff, which makes every product of matrices a batched one; and by hand, where the first layer of all
    trials is one large product of matrices and the second is batched. With trials on the last axis the second layer is
    a sum over an axis in front, which cost 3 to 20 times as much in all but the smallest shapes.
    """
    import jax
    import jax.numpy as jnp

    from benchmarks.peers.of_jax import sigmoids

    sigmoid = sigmoids()["tanh"]
    X, Y = map(jnp.asarray, shape.task)

    def loss(weights: Any) -> Any:
        return 0.5 * jnp.sum((Y - sigmoid(sigmoid(X @ weights[0]) @ weights[1])) ** 2)

    def descend(_: Any, weights: Any) -> Any:
        return jax.tree.map(lambda weight, slope: weight - RATE * slope, weights, jax.grad(loss)(weights))

    def by_vmap(epochs: Any, weights: Any) -> Any:
        return jax.vmap(lambda mine: jax.lax.fori_loop(0, epochs, descend, mine))(weights)

    def epoch(_: Any, weights: Any) -> Any:
        W1, W2 = weights  # (inputs, trials, hidden), (trials, hidden, outputs)
        rows = W1.reshape(shape.inputs, -1)
        hidden = sigmoid(X @ rows).reshape(shape.samples, *W1.shape[1:])
        output = sigmoid(jnp.einsum("sbh,bho->sbo", hidden, W2))
        delta = RATE * (Y[:, None] - output) * output * (1 - output)
        back = jnp.einsum("sbo,bho->sbh", delta, W2) * hidden * (1 - hidden)
        steps = (X.T @ back.reshape(shape.samples, -1)).reshape(W1.shape)
        return W1 + steps, W2 + jnp.einsum("sbh,sbo->bho", hidden, delta)

    def by_hand(epochs: Any, weights: Any) -> Any:
        W1, W2 = jax.lax.fori_loop(0, epochs, epoch, (weights[0].transpose(1, 0, 2), weights[1]))
        return W1.transpose(1, 0, 2), W2

    return {"vmap": jax.jit(by_vmap), "hand": jax.jit(by_hand)}


def check(name: str, shape: Shape, found: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """Hold the weights (trials, weights) of one program against another's."""
    several = min(len(found), len(expected))
    error = np.max(np.abs(found[:several] - expected[:several]))
    if not error < 1e-12:
        raise AssertionError(f"{name}, {shape}: off by {error:.1e} after {CHECKED} epochs")


def epochs_within(seconds: float, run: Any) -> int:
    """So many epochs that a call takes about so long."""
    epochs = FEWEST
    while (took := min(run(epochs), run(epochs))) < seconds / 4:
        epochs = int(epochs * min(20, max(2, seconds / 2 / took)))
    return max(FEWEST, round(epochs * seconds / took))


def measured(shape: Shape, seconds: float, rounds: int) -> tuple[float, float | None, str]:
    """Nanoseconds a weight, sample and epoch of ours; how many times as long JAX takes, and which JAX."""
    unit = 1e9 / (shape.weights * shape.samples)

    def seconds_of(work: engine.Work) -> float:
        with clock() as timed:
            engine.compute(work)
        return timed.seconds

    trained = engine.compute(ours(shape, CHECKED))
    assert trained is not None
    epochs = epochs_within(seconds, lambda epochs: seconds_of(ours(shape, epochs)))
    long, short = ours(shape, epochs), ours(shape, epochs // 4)

    def run_ours() -> float:
        return (seconds_of(long) - seconds_of(short)) / (epochs - epochs // 4)

    runs = {"ours": lambda: run_ours() / shape.trials * unit}
    try:
        programs = jax_programs(shape)
    except ImportError:
        figures = turns(rounds, **runs)
        return statistics.median(figures["ours"]), None, ""

    import jax

    initial = jax.device_put(shape.initial(shape.batch))
    for name, program in programs.items():
        W1, W2 = program(CHECKED, initial)
        flat = np.concatenate([np.reshape(W1, (shape.batch, -1)), np.reshape(W2, (shape.batch, -1))], axis=1)
        check(name, shape, flat, trained["weights"])

        def run(epochs: int, program: Any = program) -> float:
            with clock() as timed:
                jax.block_until_ready(program(epochs, initial))
            return timed.seconds

        many = epochs_within(seconds, run)
        runs[name] = lambda run=run, many=many: run(many) / many / shape.batch * unit
    figures = turns(rounds, **runs)
    better = min(programs, key=lambda name: statistics.median(figures[name]))
    return statistics.median(figures["ours"]), ratio(figures[better], figures["ours"]), better


def table(quick: bool) -> list[str]:
    """The rows of the table, and what they come to."""
    grid = [(inputs, outputs, samples) for samples in WIDEST for inputs in (2, 64) for outputs in (1, 10)]
    hidden_sizes, seconds, rounds = ((1, 4), 0.02, 1) if quick else (HIDDEN, 0.04, 3)
    rows = [
        "| samples | inputs | outputs |" + "".join(f" hidden {hidden} |" for hidden in hidden_sizes),
        "|---:|---:|---:|" + "---:|" * len(hidden_sizes),
    ]
    costs, times = [], []
    for inputs, outputs, samples in grid[:2] if quick else grid:
        cells = []
        for hidden in hidden_sizes:
            if hidden > WIDEST[samples]:
                cells.append("")
                continue
            cost, against, name = measured(Shape(inputs, hidden, outputs, samples), seconds, rounds)
            costs.append(cost)
            times += [] if against is None else [against]
            cells.append(f"{cost:.2f}" + ("" if against is None else f" ({against:.1f} {name})"))
        rows.append(f"| {samples} | {inputs} | {outputs} | " + " | ".join(cells) + " |")
    rows += ["", f"The dearest cell costs {max(costs) / min(costs):.1f} times the cheapest."]
    if times:
        return [*rows, f"JAX takes {min(times):.2f} to {max(times):.1f} times as long."]
    return [*rows, f"JAX: {INSTALL}"]
