"""Two tables against each other where rows of one configuration and seed began with the same weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.analysis.comparison_groups import Floats, Groups, Numbers, in_order, means, medians
from runner.analysis.comparison_rows import Rows
from runner.tables.summary import Z

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of two tables, those of one configuration and seed at the same place."""

    a: Rows
    b: Rows
    groups: Groups


def paired(pairs: Pairs) -> Columns:
    """Return the comparison of each group of pairs, an entry a group; every difference is B less A.

    Convergence: the difference of the rates with the interval of Agresti & Min (2005), the test of McNemar with mid-p
    (Fagerland, Lydersen & Laake 2013). Epochs to convergence, up to the smaller of the two budgets: who was quicker,
    and the sign test, a trial that did not converge being slower than any that did; the median of B's epochs over A's
    in pairs of which one converged; the difference of the means up to the budget, with Student's interval. Final loss:
    `comparison_groups.medians` of the differences, of all pairs, of those that both solved and of those that neither
    did, without pairs of which a trial stopped at convergence.

    Where a seed stands in several pairs of a group, seeds are what is drawn: the interval of the rate is Student's, and
    in the tests each seed has one vote, for the table that did better in more of its pairs.
    """
    return {**_convergence(pairs), **_epochs(pairs), **_losses(pairs)}


def mid_p(first: Numbers, second: Numbers) -> Floats:
    """Return McNemar's two-sided mid-p for so many pairs that only the first, and only the second, converged.

    1 where there are none. (Fagerland, Lydersen & Laake 2013)
    """
    from scipy.stats import binom

    least, count = np.minimum(first, second), first + second
    tail, point = binom.cdf(least, count, 0.5), binom.pmf(least, count, 0.5)
    found = np.where(first == second, 1 - point / 2, 2 * tail - point)
    return np.asarray(np.where(count > 0, found, 1.0), np.float64)


def sign_test(first: Numbers, second: Numbers) -> Floats:
    """Return the two-sided exact binomial p for pairs won by the first and by the second; ties are left out."""
    from scipy.stats import binom

    return np.minimum(2 * binom.cdf(np.minimum(first, second), first + second, 0.5), 1.0)


def rate_interval(first: Numbers, second: Numbers, pairs: Numbers) -> tuple[Floats, Floats]:
    """Return the 95 % interval of the second's rate less the first's (Wald's, with 2 pairs more: Agresti & Min 2005).

    `first` and `second` count the pairs of which only that one converged.
    """
    more = pairs + 2
    centre = (second - first) / more
    half = Z * np.sqrt(((first + second + 1) / more - centre**2) / more)
    return np.maximum(centre - half, -1.0), np.minimum(centre + half, 1.0)


def _convergence(pairs: Pairs) -> Columns:
    groups, a, b = pairs.groups, pairs.a.converged, pairs.b.converged
    sizes = groups.sizes()
    counts = {"converged_a": a, "converged_b": b, "only_a": a & ~b, "only_b": b & ~a}
    found: Columns = {"pairs": sizes, "seeds": groups.drawn()}
    found |= {name: groups.sums(flags).astype(np.int64) for name, flags in counts.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        found |= {"rate_a": found["converged_a"] / sizes, "rate_b": found["converged_b"] / sizes}
        found["rate_difference"] = (found["converged_b"] - found["converged_a"]) / sizes
    better = b.astype(np.float64) - a
    if groups.clustered:
        # Seeds that are all alike would give no width; one that differs in one pair is what they cannot exclude.
        mean, error, _, quantile = means(better, groups, float(found["seeds"][0] / sizes[0]) ** 2)
        low, high = np.maximum(mean - quantile * error, -1.0), np.minimum(mean + quantile * error, 1.0)
    else:
        low, high = rate_interval(found["only_a"], found["only_b"], sizes)
    votes = _votes(better, groups)
    found |= {"seeds_for_a": votes[0], "seeds_for_b": votes[1]} if groups.clustered else {}
    return found | {"rate_low": low, "rate_high": high, "p_convergence": mid_p(*votes)}


def _epochs(pairs: Pairs) -> Columns:
    budget = np.minimum(pairs.a.budget, pairs.b.budget)
    a, b = (np.where(side.epochs > budget, np.inf, side.epochs) for side in (pairs.a, pairs.b))
    groups, sizes = pairs.groups, pairs.groups.sizes()
    quicker = (b < a).astype(np.float64) - (a < b)
    counts = {"quicker_a": quicker < 0, "quicker_b": quicker > 0, "tied": (a == b) & (a < np.inf)}
    found: Columns = {name: groups.sums(flags).astype(np.int64) for name, flags in counts.items()}
    found["neither"] = sizes - sum(found.values())
    found["epochs_budget"] = _largest(budget, groups)
    votes = _votes(quicker, groups)
    found |= {"seeds_quicker_a": votes[0], "seeds_quicker_b": votes[1]} if groups.clustered else {}
    found["p_epochs"] = sign_test(*votes)
    for letter, epochs in (("a", a), ("b", b)):
        found[f"epochs_median_{letter}"] = first_half(epochs, groups)
    one = np.isfinite(np.minimum(a, b))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(a == b, 1.0, b / a)[one]
    names = ("epochs_ratio", "epochs_ratio_low", "epochs_ratio_high")
    found |= dict(zip(names, medians(ratio, groups.chosen(one)), strict=True))
    a, b = np.minimum(a, budget), np.minimum(b, budget)
    mean, error, _, quantile = means(b - a, groups)
    found |= {"epochs_mean_a": means(a, groups)[0], "epochs_mean_b": means(b, groups)[0], "epochs_difference": mean}
    return found | {"epochs_low": mean - quantile * error, "epochs_high": mean + quantile * error}


def _losses(pairs: Pairs) -> Columns:
    told = ~(pairs.a.stopped | pairs.b.stopped)
    both, neither = pairs.a.converged & pairs.b.converged, ~(pairs.a.converged | pairs.b.converged)
    found: Columns = {}
    for name, rows in (("loss", told), ("loss_solved", told & both), ("loss_stuck", told & neither)):
        groups, a, b = pairs.groups.chosen(rows), pairs.a.loss[rows], pairs.b.loss[rows]
        with np.errstate(invalid="ignore"):
            difference = np.where(a == b, 0.0, b - a)
        found[f"{name}_pairs"] = groups.sizes()
        found |= {f"{name}_{letter}": medians(loss, groups)[0] for letter, loss in (("a", a), ("b", b))}
        names = (f"{name}_difference", f"{name}_low", f"{name}_high")
        found |= dict(zip(names, medians(difference, groups), strict=True))
    return found


def first_half(epochs: Floats, groups: Groups) -> Floats:
    """Return the epochs by which half of each group had converged, infinite where fewer ever did."""
    ordered, starts, sizes = in_order(epochs, groups)
    found = np.full(groups.count, np.nan)
    found[sizes > 0] = ordered[(starts + (sizes - 1) // 2)[sizes > 0]]
    return found


def _largest(values: Floats, groups: Groups) -> Floats:
    found = np.zeros(groups.count)
    np.maximum.at(found, groups.number, values)
    return found


def _votes(better: Floats, groups: Groups) -> tuple[Numbers, Numbers]:
    """How many seeds of each group speak for A and for B: those for which the sum of `better` is below and above 0."""
    if not groups.clustered:
        return groups.sums(better < 0).astype(np.int64), groups.sums(better > 0).astype(np.int64)
    totals = groups.by_seed(better)
    return np.array([(totals < 0).sum()]), np.array([(totals > 0).sum()])
