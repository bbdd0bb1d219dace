"""Tables of trials made up for tests of what is computed from them."""

from typing import Any

import numpy as np
import pandas as pd


def table(epochs: Any, *, budget: int = 1000, loss: Any = None, seed: Any = None, **columns: Any) -> pd.DataFrame:
    """Trials of which `epochs` to convergence are known, infinite for one that never converged; keys as columns."""
    epochs = np.asarray(epochs, float)
    count, converged = len(epochs), np.isfinite(epochs)
    keys = {"hidden": 4, "learning_rate": 1.0, **columns}
    frame = pd.DataFrame({"trial": np.arange(count), "task": "xor"}).assign(**keys)
    return frame.assign(
        seed=np.arange(count) if seed is None else seed,
        outcome=np.where(converged, "converged", "not-converged"),
        converged=converged,
        epochs_to_convergence=pd.array([int(e) if np.isfinite(e) else None for e in epochs], "Int64"),
        epochs_run=budget,
        holds_at_end=converged,
        final_loss=np.where(converged, 0.001, 0.25) if loss is None else np.asarray(loss, float),
        max_error=0.5,
    )
