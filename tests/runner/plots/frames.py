"""Tables of trials made up for pictures, of which everything is known."""

from typing import Any

import numpy as np
import pandas as pd


def trials(
    axes: dict[str, list[Any]], seeds: int, *, budget: int = 100, rate: float = 0.7, seed: int = 0
) -> pd.DataFrame:
    """A trial for each combination of axes and seed, which converges at some epoch at a rate, as tables hold them."""
    random = np.random.default_rng(seed)
    keys = {"hidden": [2], "learning_rate": [1.0], **axes}
    grid = pd.MultiIndex.from_product([*keys.values(), range(seeds)], names=[*keys, "seed"]).to_frame(index=False)
    converged = random.random(len(grid)) < rate
    epochs = random.integers(0, budget + 1, len(grid))
    loss = np.where(converged, random.uniform(1e-5, 1e-3, len(grid)), random.uniform(0.1, 0.5, len(grid)))
    return grid.assign(
        trial=np.arange(len(grid)),
        task="xor",
        outcome=np.where(converged, "converged", "not-converged"),
        converged=converged,
        epochs_to_convergence=pd.array([e if c else None for e, c in zip(epochs, converged, strict=True)], "Int64"),
        epochs_run=budget,
        holds_at_end=converged,
        final_loss=loss,
        max_error=np.sqrt(loss),
        **{f"output_{n}": random.random(len(grid)) for n in range(4)},
    )
