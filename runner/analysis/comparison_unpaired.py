"""Two tables against each other where one seed means two different draws: as independent samples."""

from dataclasses import dataclass

import numpy as np

from runner.analysis.comparison_groups import Floats, Groups, Numbers, means, medians
from runner.analysis.comparison_paired import Columns, first_half
from runner.analysis.comparison_rows import Rows
from runner.tables.summary import wilson


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of one table, the group that each is compared in, and the number of its configuration."""

    rows: Rows
    groups: Groups
    configuration: Numbers


def unpaired(a: Sample, b: Sample) -> Columns:
    """Return the comparison of each group of two tables, an entry a group; every difference is B less A.

    Convergence: the difference of the rates with Newcombe's interval (1998, method 10), and twice the smaller one-sided
    mid-p of Fisher's test. Epochs to convergence, up to the smaller of the two budgets: how often a trial of B is
    quicker than one of A, ties counting half, and the test of Mann & Whitney, a trial that did not converge being
    slower than any that did; the ratio of the medians; the difference of the means up to the budget, with Welch's
    interval. Final loss: the difference of the medians, of all trials, of those that converged and of those that did
    not, its interval made of the two of `comparison_groups.medians` (Zou & Donner 2008); none where trials stopped at
    convergence.

    Where a seed stands in several rows of a group, seeds are what is drawn: the rates have Welch's interval and test,
    and Mann & Whitney's test is of the mean rank of each seed within its configurations.
    """
    return {**_convergence(a, b), **_epochs(a, b), **_losses(a, b)}


def fisher_mid_p(first: Numbers, firsts: Numbers, second: Numbers, seconds: Numbers) -> Floats:
    """Return twice the smaller one-sided mid-p of Fisher's test of two rates, `first` of `firsts` and so on."""
    from scipy.stats import hypergeom

    law = hypergeom(firsts + seconds, first + second, seconds)
    point = law.pmf(second) / 2
    least = np.minimum(law.cdf(second) - point, law.sf(second) + point)
    return np.asarray(np.minimum(2 * least, 1.0), np.float64)


def newcombe(first: Numbers, firsts: Numbers, second: Numbers, seconds: Numbers) -> tuple[Floats, Floats]:
    """Return the 95 % interval of the second rate less the first, from Wilson's of each (Newcombe 1998, method 10)."""
    return _combined(first / firsts, wilson(first, firsts), second / seconds, wilson(second, seconds))


def mann_whitney(a: Floats, b: Floats, of_a: Numbers, of_b: Numbers, count: int) -> Floats:
    """Return the two-sided p of Mann & Whitney for each of `count` groups: normal, with ties, corrected by a half."""
    from scipy.special import ndtr

    split = len(a)
    number = np.concatenate([of_a, of_b])
    rank, ties = _ranks(np.concatenate([a, b]), number, count)
    sizes_a, sizes_b = np.bincount(of_a, minlength=count), np.bincount(of_b, minlength=count)
    size = sizes_a + sizes_b
    wins = np.bincount(of_a, rank[:split], count) - sizes_a * (sizes_a + 1) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(sizes_a * sizes_b / 12 * (size + 1 - ties / (size * (size - 1))))
        beyond = (np.abs(wins - sizes_a * sizes_b / 2) - 0.5) / spread
    return np.where(spread > 0, np.minimum(2 * ndtr(-beyond), 1.0), 1.0)


def _convergence(a: Sample, b: Sample) -> Columns:
    sides = {"a": a, "b": b}
    found: Columns = {f"trials_{letter}": side.groups.sizes() for letter, side in sides.items()}
    found |= {f"seeds_{letter}": side.groups.drawn() for letter, side in sides.items()}
    for letter, side in sides.items():
        found[f"converged_{letter}"] = side.groups.sums(side.rows.converged).astype(np.int64)
    for letter in sides:
        found[f"rate_{letter}"] = found[f"converged_{letter}"] / found[f"trials_{letter}"]
    found["rate_difference"] = found["rate_b"] - found["rate_a"]
    if a.groups.clustered or b.groups.clustered:
        flags = [side.rows.converged.astype(np.float64) for side in (a, b)]
        # Seeds that are all alike would give no width; one that differs in one row is what they cannot exclude.
        floors = [float(side.groups.drawn()[0] / side.groups.sizes()[0]) ** 2 for side in (a, b)]
        low, high, p = _welch(flags[0], flags[1], a.groups, b.groups, (floors[0], floors[1]))
        low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
    else:
        counts = [found[f"{what}_{letter}"] for letter in sides for what in ("converged", "trials")]
        (low, high), p = newcombe(*counts), fisher_mid_p(*counts)
    return found | {"rate_low": low, "rate_high": high, "p_convergence": p}


def _epochs(a: Sample, b: Sample) -> Columns:
    count = int(max(a.configuration.max(), b.configuration.max())) + 1
    budgets = np.full(count, np.inf)
    for side in (a, b):
        np.minimum.at(budgets, side.configuration, side.rows.budget)
    budget = [budgets[side.configuration] for side in (a, b)]
    epochs = [
        np.where(side.rows.epochs > most, np.inf, side.rows.epochs) for side, most in zip((a, b), budget, strict=True)
    ]
    number, split = np.concatenate([a.configuration, b.configuration]), len(epochs[0])
    rank = _ranks(np.concatenate(epochs), number, count)[0] - 0.5
    place = (
        rank / np.bincount(number)[number]
    )  # of a trial among those of its configuration, 0 the quickest, 1 the last
    mean = [means(part, side.groups)[0] for part, side in zip((place[:split], place[split:]), (a, b), strict=True)]
    found: Columns = {"b_quicker": 0.5 + mean[0] - mean[1]}
    found["epochs_budget"] = np.zeros(a.groups.count)
    np.maximum.at(found["epochs_budget"], a.groups.number, budget[0])
    if a.groups.clustered or b.groups.clustered:
        scores = [
            _of_seeds(part, side.groups) for part, side in zip((place[:split], place[split:]), (a, b), strict=True)
        ]
        groups = [np.zeros(len(score), np.int64) for score in scores]
        found["p_epochs"] = mann_whitney(scores[0], scores[1], groups[0], groups[1], 1)
    else:
        found["p_epochs"] = mann_whitney(epochs[0], epochs[1], a.groups.number, b.groups.number, a.groups.count)
    middle = [first_half(of, side.groups) for of, side in zip(epochs, (a, b), strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(middle[0] == middle[1], np.where(np.isinf(middle[0]), np.nan, 1.0), middle[1] / middle[0])
    found |= {"epochs_median_a": middle[0], "epochs_median_b": middle[1], "epochs_ratio": ratio}
    upto = [np.minimum(of, most) for of, most in zip(epochs, budget, strict=True)]
    averages = [means(of, side.groups)[0] for of, side in zip(upto, (a, b), strict=True)]
    found |= {
        "epochs_mean_a": averages[0],
        "epochs_mean_b": averages[1],
        "epochs_difference": averages[1] - averages[0],
    }
    low, high, _ = _welch(upto[0], upto[1], a.groups, b.groups)
    return found | {"epochs_low": low, "epochs_high": high}


def _losses(a: Sample, b: Sample) -> Columns:
    stopped = np.zeros(a.groups.count, np.bool_)
    for side in (a, b):
        stopped[side.groups.number[side.rows.stopped]] = True
    found: Columns = {}
    for name, wanted in (("loss", None), ("loss_solved", True), ("loss_stuck", False)):
        parts = []
        for letter, side in (("a", a), ("b", b)):
            chosen = ~stopped[side.groups.number]
            chosen &= True if wanted is None else side.rows.converged == wanted
            groups = side.groups.chosen(chosen)
            parts.append(medians(side.rows.loss[chosen], groups))
            found[f"{name}_trials_{letter}"] = groups.sizes()
            found[f"{name}_{letter}"] = parts[-1][0]
        with np.errstate(invalid="ignore"):
            low, high = _combined(parts[0][0], parts[0][1:], parts[1][0], parts[1][1:])
            found |= {f"{name}_difference": parts[1][0] - parts[0][0], f"{name}_low": low, f"{name}_high": high}
    return found


def _combined(
    first: Floats, ends: tuple[Floats, ...], second: Floats, others: tuple[Floats, ...]
) -> tuple[Floats, Floats]:
    """The interval of the second less the first, from an interval of each: distances squared and added."""
    centre = second - first
    low = centre - np.sqrt((second - others[0]) ** 2 + (ends[1] - first) ** 2)
    return low, centre + np.sqrt((others[1] - second) ** 2 + (first - ends[0]) ** 2)


def _welch(
    first: Floats, second: Floats, a: Groups, b: Groups, floors: tuple[float, float] = (0.0, 0.0)
) -> tuple[Floats, Floats, Floats]:
    """Welch's 95 % interval of the second mean less the first, and its p."""
    from scipy.special import stdtr, stdtrit

    mean_a, error_a, free_a, _ = means(first, a, floors[0])
    mean_b, error_b, free_b, _ = means(second, b, floors[1])
    centre, squares = mean_b - mean_a, error_a**2 + error_b**2
    with np.errstate(divide="ignore", invalid="ignore"):
        free = np.where(squares > 0, squares**2 / (error_a**4 / free_a + error_b**4 / free_b), free_a + free_b)
        half, t = stdtrit(free, 0.975) * np.sqrt(squares), np.abs(centre) / np.sqrt(squares)
    return centre - half, centre + half, 2 * stdtr(free, -np.where(centre == 0, 0.0, t))


def _of_seeds(values: Floats, groups: Groups) -> Floats:
    """The mean of each seed of a single group."""
    rows = np.bincount(groups.seed, minlength=groups.seeds)
    return groups.by_seed(values)[rows > 0] / rows[rows > 0]


def _ranks(values: Floats, number: Numbers, count: int) -> tuple[Floats, Floats]:
    """The rank of each value in its group, from 1, ties sharing the mean; and each group's sum of t^3 - t over ties."""
    order = np.argsort(values, kind="stable")
    order = order[np.argsort(number[order], kind="stable")]
    ordered, group = values[order], number[order]
    new = np.ones(len(values), np.bool_)
    new[1:] = (ordered[1:] != ordered[:-1]) | (group[1:] != group[:-1])
    starts = np.flatnonzero(new)
    lengths = np.diff(np.append(starts, len(values)))
    sizes = np.bincount(number, minlength=count)
    first = (np.cumsum(sizes) - sizes)[group[starts]]
    found = np.empty(len(values))
    found[order] = np.repeat(starts - first + (lengths + 1) / 2, lengths)
    ties = np.bincount(group[starts], lengths.astype(np.float64) ** 3 - lengths, count)
    return found, ties.astype(np.float64, copy=False)
