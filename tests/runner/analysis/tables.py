"""Tables of trials made up of run lengths, for tests of what is read off them."""

import numpy as np
import pandas as pd

from runner.analysis.grouping import Grouped

BUDGET = 1000


def table(times, budget=BUDGET, keys=None, seeds=None, loss=None, stop=False):
    """A table of trials from epochs to convergence (configurations, seeds), infinite where a trial never converged."""
    times = np.atleast_2d(np.asarray(times, float))
    count, size = times.shape
    run = np.broadcast_to(np.asarray(budget, float), times.shape).ravel()
    time = times.ravel()
    converged = time <= run
    each = {key: np.repeat(np.asarray(values, object), size) for key, values in (keys or {}).items()}
    columns = {
        "trial": np.arange(count * size),
        "task": "xor",
        "hidden": np.repeat(np.arange(1, count + 1), size) if keys is None else 4,
        "learning_rate": 1.0,
        **{key: pd.Series(values.tolist()) for key, values in each.items()},
        "seed": np.tile(np.arange(size) if seeds is None else seeds, count),
        "outcome": np.where(converged, "converged", "not-converged"),
        "converged": converged,
        "epochs_to_convergence": pd.Series(np.where(converged, time, np.nan)).astype("Int64"),
        "epochs_run": np.where(converged & stop, time, run).astype(int),
        "holds_at_end": converged,
        "final_loss": np.where(converged, 0.001, 0.2) if loss is None else np.ravel(loss),
        "max_error": 0.5,
    }
    return pd.DataFrame(columns)


def trials(times, budget=BUDGET):
    """The same, by configuration and seed, as `grouped` gives it of the table (in a tenth of the time)."""
    times = np.atleast_2d(np.asarray(times, float))
    count, size = times.shape
    converged = times.ravel() <= budget
    return Grouped(
        np.repeat(np.arange(count), size),
        np.tile(np.arange(size), count),
        np.arange(count * size),
        np.where(converged, times.ravel(), np.inf),
        np.full(count * size, float(budget)),
        converged,
        np.zeros(count * size, np.bool_),
        np.where(converged, 0.001, 0.2),
        np.arange(size),
        pd.DataFrame({"hidden": np.arange(1, count + 1), "learning_rate": 1.0}),
        np.full(count, float(budget)),
    )


def run_lengths(stream, kind, rate, size, budget=BUDGET):
    """Draws of epochs to convergence: a share of about `rate` converges, the others never do."""
    draw = {
        "gamma": lambda: stream.gamma(4, budget / 15, size),
        "exponential": lambda: stream.exponential(budget / 4, size),
        "lognormal": lambda: np.exp(stream.normal(np.log(budget / 10), 1, size)),
        "narrow": lambda: stream.normal(budget / 3, budget / 30, size),
    }[kind]
    times = np.ceil(np.maximum(draw(), 1))
    return np.where((stream.random(size) < rate) & (times <= budget), times, np.inf)


KINDS = ("gamma", "exponential", "lognormal", "narrow")
