"""NumPy: the notebook's own code, one training at a time, and the same for many trainings at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.peers.work import INPUTS, TARGETS, Peer, Trained, Weights, clock, split
from tests.documents import xor_constant

X = np.array(INPUTS, float)


def notebook(initial: Weights, epochs: int, cores: int, precision: str) -> Trained:  # noqa: ARG001 - one core, float64
    """Run the document's code for each seed; it draws the initial weights itself."""
    with clock() as trained:
        runs = [xor_constant(seed, epochs) for seed in range(len(initial))]
    trained.weights = np.array([np.concatenate([np.ravel(weight) for weight in run.weights.values()]) for run in runs])
    return trained


def trials_first(initial: Weights, epochs: int) -> Weights:
    """Many trainings at once as matrices (trials, rows, columns)."""
    y = np.array(TARGETS, float)[:, None]
    W1, W2 = initial[:, :12].reshape(-1, 3, 4), initial[:, 12:].reshape(-1, 4, 1)
    for _ in range(epochs):
        hidden = 1 / (1 + np.exp(-(X @ W1)))
        output = 1 / (1 + np.exp(-(hidden @ W2)))
        delta = 2 * (y - output) * output * (1 - output)
        back = delta @ W2.transpose(0, 2, 1) * hidden * (1 - hidden)
        W2 = W2 + hidden.transpose(0, 2, 1) @ delta
        W1 = W1 + X.T @ back
    return np.concatenate([W1.reshape(-1, 12), W2.reshape(-1, 4)], axis=1)


def trials_last(initial: Weights, epochs: int) -> Weights:
    """Many trainings at once with trials on the last axis, so that every operation runs over long rows."""
    trials = len(initial)
    y = np.array(TARGETS, float)[:, None]
    W1, W2 = initial[:, :12].T.reshape(3, 4 * trials), initial[:, 12:].T.copy()
    for _ in range(epochs):
        hidden = 1 / (1 + np.exp(-(X @ W1).reshape(4, 4, trials)))
        output = 1 / (1 + np.exp(-(hidden * W2).sum(axis=1)))
        delta = 2 * (y - output) * output * (1 - output)
        back = delta[:, None] * W2 * hidden * (1 - hidden)
        W2 = W2 + (hidden * delta[:, None]).sum(axis=0)
        W1 = W1 + X.T @ back.reshape(4, 4 * trials)
    return np.concatenate([W1.reshape(12, trials), W2]).T


LAYOUTS = {"trials first": trials_first, "trials last": trials_last}


def batched(initial: Weights, epochs: int, cores: int, precision: str, layout: str) -> Trained:  # noqa: ARG001 - float64
    """Train in as many threads as there are cores: NumPy lets go of the interpreter while it computes."""
    with clock() as trained, ThreadPoolExecutor(cores) as pool:
        parts = list(pool.map(lambda part: LAYOUTS[layout](part, epochs), split(initial, cores)))
        trained.weights = np.concatenate(parts)
    return trained


PEERS = [
    Peer("the notebook's NumPy", "float64", "one training at a time", notebook, lambda _: [{"batch": 8}]),
    Peer(
        "batched NumPy",
        "float64",
        "many trainings in one array, a thread a core",
        batched,
        lambda cores: [
            {"batch": batch * cores, "layout": layout} for layout in LAYOUTS for batch in (128, 256, 512, 1024)
        ],
    ),
]
