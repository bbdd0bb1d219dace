import numpy as np
import pytest
from scipy import stats

from runner.analysis.comparison_groups import Groups, means, medians


def of_sizes(sizes, rng):
    """Groups of these sizes, a row a seed, and values for them."""
    number = np.repeat(np.arange(len(sizes)), sizes)
    seed = np.concatenate([rng.permutation(max(sizes))[:size] for size in sizes])
    return Groups(number, len(sizes), seed, max(sizes), False), rng.normal(size=len(number))


def of_seeds(seeds, each):
    """One group in which every seed stands in so many rows."""
    return Groups(np.zeros(seeds * each, np.int64), 1, np.repeat(np.arange(seeds), each), seeds, True)


def test_a_mean_of_independent_rows_is_students():
    groups, values = of_sizes([2, 7, 30, 1, 0], np.random.default_rng(1))
    mean, error, free, quantile = means(values, groups)
    for group, size in enumerate([2, 7, 30]):
        own = values[groups.number == group]
        low, high = stats.t.interval(0.95, size - 1, own.mean(), stats.sem(own))
        assert mean[group] == pytest.approx(own.mean(), rel=1e-12)
        assert free[group] == size - 1
        assert mean[group] - quantile[group] * error[group] == pytest.approx(low, rel=1e-9)
        assert mean[group] + quantile[group] * error[group] == pytest.approx(high, rel=1e-9)
    assert np.isnan(error[3:]).all()
    assert np.isnan(mean[4])


def test_rows_of_one_seed_count_as_one_draw():
    rng = np.random.default_rng(2)
    own = rng.normal(size=20)
    copied = means(np.repeat(own, 50), of_seeds(20, 50))
    alone = means(own, of_seeds(20, 1))
    np.testing.assert_allclose(np.ravel(copied), np.ravel(alone), rtol=1e-9)
    assert alone[1][0] == pytest.approx(stats.sem(own), rel=1e-12)


def test_the_floor_gives_width_where_all_seeds_are_alike():
    mean, error, _, _ = means(np.ones(30), of_seeds(10, 3), floor=1 / 9)
    assert mean[0] == 1
    assert error[0] == pytest.approx(np.sqrt(1 / 9 / (10 * 9)))
    assert means(np.ones(30), of_seeds(10, 3))[1][0] == 0


def bootstrapped(values, seed, draws, rng):
    """Medians under draws of seeds with replacement, the plain way."""
    rows = [values[seed == one] for one in np.unique(seed)]
    return np.array(
        [np.median(np.concatenate([rows[k] for k in rng.integers(len(rows), size=len(rows))])) for _ in range(draws)]
    )


@pytest.mark.parametrize("size", [2, 5, 20, 31, 200])
def test_the_interval_of_a_median_is_the_limit_of_the_bootstraps(size):
    rng = np.random.default_rng(size)
    values = np.sort(rng.normal(size=size))
    groups = Groups(np.zeros(size, np.int64), 1, np.arange(size), size, False)
    median, low, high = (found[0] for found in medians(values, groups))
    assert median == pytest.approx(np.median(values), rel=1e-12)
    drawn = bootstrapped(values, np.arange(size), 4000, rng)
    # The share of resamples beyond an end of the interval is 2.5 % to within what 4,000 of them scatter, 0.0025.
    assert (drawn < low).mean() <= 0.025 + 0.01
    assert (drawn <= low).mean() >= 0.025 - 0.01 or low == values[0]
    assert (drawn > high).mean() <= 0.025 + 0.01
    assert (drawn >= high).mean() >= 0.025 - 0.01 or high == values[-1]


def test_the_interval_of_a_median_of_clustered_rows_is_near_the_bootstraps():
    rng = np.random.default_rng(3)
    seed = np.repeat(np.arange(60), 8)
    values = rng.normal(size=60)[seed] + 0.5 * rng.normal(size=480)
    median, low, high = (found[0] for found in medians(values, Groups(np.zeros(480, np.int64), 1, seed, 60, True)))
    drawn = np.quantile(bootstrapped(values, seed, 4000, rng), (0.025, 0.975))
    assert median == pytest.approx(np.median(values), rel=1e-12)
    assert (low, high) == pytest.approx(tuple(drawn), abs=0.1 * (drawn[1] - drawn[0]))
    rows = medians(values, Groups(np.zeros(480, np.int64), 1, np.arange(480), 480, False))
    assert high - low > 1.8 * (rows[2][0] - rows[1][0])  # as if rows were draws, it would be far too narrow


def test_medians_of_many_groups_are_those_of_each():
    rng = np.random.default_rng(4)
    groups, values = of_sizes([3, 10, 0, 1, 25, 10], rng)
    found = np.array(medians(values, groups))
    for group in range(groups.count):
        own = groups.number == group
        alone = Groups(np.zeros(own.sum(), np.int64), 1, np.arange(own.sum()), max(own.sum(), 1), False)
        np.testing.assert_array_equal(found[:, group], np.ravel(medians(values[own], alone)))
    assert np.isnan(found[:, 2]).all()
    assert np.isnan(found[1:, 3]).all()


def test_infinite_values_are_larger_than_any():
    values = np.array([1.0, 2.0, np.inf, np.inf, np.inf])
    groups = Groups(np.zeros(5, np.int64), 1, np.arange(5), 5, False)
    assert medians(values, groups)[0][0] == np.inf
    assert medians(values[:3], groups.chosen(np.arange(5) < 3))[0][0] == 2.0


def test_intervals_of_medians_and_means_cover_as_often_as_they_say():
    rng = np.random.default_rng(5)
    covered = {"median": [], "mean": [], "clustered median": [], "clustered mean": []}
    for size in (30, 50, 80, 150):
        count = 3000
        number, seed = np.repeat(np.arange(count), size), np.tile(np.arange(size), count)
        groups = Groups(number, count, seed, size, False)
        values = rng.exponential(size=count * size)
        _, low, high = medians(values, groups)
        covered["median"].append(((low <= np.log(2)) & (np.log(2) <= high)).mean())
        mean, error, _, quantile = means(rng.normal(size=count * size), groups)
        covered["mean"].append((np.abs(mean) <= quantile * error).mean())
    for seeds, each in ((30, 3), (80, 5)):
        groups = of_seeds(seeds, each)
        hits = []
        for _ in range(1500):
            values = np.repeat(rng.normal(size=seeds), each) + rng.normal(size=seeds * each)
            _, low, high = medians(values, groups)
            mean, error, _, quantile = means(values, groups)
            hits.append((low[0] <= 0 <= high[0], abs(mean[0]) <= quantile[0] * error[0]))
        for name, share in zip(("clustered median", "clustered mean"), np.mean(hits, axis=0), strict=True):
            covered[name].append(share)
    for name, shares in covered.items():
        assert np.mean(shares) == pytest.approx(0.95, abs=0.01), name
