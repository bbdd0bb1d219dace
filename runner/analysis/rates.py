"""How many trials of each combination of some keys converged, counted batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from runner.errors import RunnerError
from runner.tables.axes import as_numbers, check_axes, refuse_others
from runner.tables.columns import is_key
from runner.tables.streaming import Table, stream
from runner.tables.summary import wilson


@dataclass(frozen=True, eq=False)
class Rates:
    """`table` has a row a combination: its keys, and trials, converged, and the rate with its interval as summary.csv.

    Rows ascend by the keys in turn; words stay in the order of the results. `name` is the experiment's, blank where it
    is not known.
    """

    table: pd.DataFrame
    name: str


def rates(results: Table, keys: Sequence[str], where: str = "") -> Rates:
    """Return the rate of convergence for each combination of keys.

    Raises `RunnerError` for a key that is none or not there, and where another key varies beside them.
    """
    table = stream(results)
    check_axes(table.names, keys)
    known = [name for name in table.names if is_key(name)]
    counted = [
        rows.group_by(known, use_threads=False).aggregate([("converged", "count"), ("converged", "sum")]).to_pandas()
        for rows in table.chosen([*known, "converged"], where)
    ]
    found = pd.concat(counted, ignore_index=True) if counted else pd.DataFrame()
    if found.empty:
        raise RunnerError("there is no trial to count" + (f" where {where}" if where else ""))
    refuse_others({key: list(found[key].unique()) for key in known}, keys)
    if "scale" in found:
        found["scale"] = as_numbers(found["scale"].tolist())
    for key in keys:
        if not pd.api.types.is_numeric_dtype(found[key]):
            found[key] = pd.Categorical(found[key], found[key].unique(), ordered=True)
    groups = found.groupby(list(keys), sort=True, observed=True)
    sums = groups.agg(trials=("converged_count", "sum"), converged=("converged_sum", "sum")).reset_index()
    successes, trials = (sums[name].to_numpy(np.int64) for name in ("converged", "trials"))
    low, high = wilson(successes, trials)
    return Rates(
        sums.assign(convergence_rate=successes / trials, convergence_low=low, convergence_high=high), table.name
    )
