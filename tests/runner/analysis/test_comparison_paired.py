import numpy as np
import pytest
from scipy import stats

from runner.analysis.comparison_groups import Groups
from runner.analysis.comparison_paired import Pairs, mid_p, paired, rate_interval, sign_test
from runner.analysis.comparison_rows import Rows


def rows(epochs, budget=1000.0, loss=None, stopped=False):
    epochs = np.asarray(epochs, float)
    size = len(epochs)
    loss = np.where(np.isfinite(epochs), 0.001, 0.25) if loss is None else np.asarray(loss, float)
    return Rows(np.isfinite(epochs), epochs, np.full(size, float(budget)), loss, np.full(size, stopped))


def one_group(a, b):
    size = len(a.epochs)
    found = paired(Pairs(a, b, Groups(np.zeros(size, np.int64), 1, np.arange(size), size, False)))
    return {name: values[0] for name, values in found.items()}


def by_seed(a, b, each):
    size = len(a.epochs)
    seed = np.tile(np.arange(size // each), each)
    found = paired(Pairs(a, b, Groups(np.zeros(size, np.int64), 1, seed, size // each, True)))
    return {name: values[0] for name, values in found.items()}


# Fagerland, Lydersen & Laake (2013): tables 1 (Bentur et al. 2009) and 2 (Cavo et al. 2012), and their p-values.
PUBLISHED = [(1, 7, 0.039), (6, 16, 0.035)]


@pytest.mark.parametrize(("first", "second", "p"), PUBLISHED)
def test_mcnemars_mid_p_is_the_published_one(first, second, p):
    assert mid_p(np.array([first, second]), np.array([second, first])) == pytest.approx([p, p], abs=0.0005)


def test_mcnemars_mid_p_is_the_sum_of_binomial_probabilities():
    first, second = (values.ravel() for values in np.meshgrid(np.arange(15), np.arange(40)))
    for a, b, found in zip(first, second, mid_p(first, second), strict=True):
        law = stats.binom.pmf(np.arange(a + b + 1), a + b, 0.5)
        # Twice the one-sided mid-p, in which the observed count has half its weight; at its centre that is 1 - half.
        expected = 2 * (law[: min(a, b)].sum() + law[min(a, b)] / 2) if a != b else 1 - law[a] / 2
        assert found == pytest.approx(expected if a + b else 1.0, rel=1e-9)


def test_the_sign_test_is_scipys():
    first, second = (values.ravel() for values in np.meshgrid(np.arange(12), np.arange(1, 30)))
    expected = [stats.binomtest(int(a), int(a + b), 0.5).pvalue for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(sign_test(first, second), expected, rtol=1e-9)
    assert sign_test(np.array([0]), np.array([0])) == 1


def test_the_interval_of_a_difference_is_agresti_and_mins():
    # Half a trial more in each cell of the 2 x 2 table, then Wald's interval, as their own program has it.
    for b, c, n in ((1, 7, 21), (6, 16, 161), (0, 0, 10), (10, 0, 10), (300, 5, 1000)):
        difference = (c - b) / (n + 2)
        half = stats.norm.ppf(0.975) * np.sqrt((b + c + 1) - (c - b) ** 2 / (n + 2)) / (n + 2)
        low, high = rate_interval(np.array([b]), np.array([c]), np.array([n]))
        assert low[0] == pytest.approx(max(difference - half, -1), rel=1e-12)
        assert high[0] == pytest.approx(min(difference + half, 1), rel=1e-12)


@pytest.mark.parametrize("size", [20, 50, 200, 1000])
def test_the_interval_of_a_difference_covers_as_often_as_it_says(size):
    rng = np.random.default_rng(size)
    cells = rng.dirichlet([1, 1, 1, 1], 60_000)
    found = rng.multinomial(size, cells)
    low, high = rate_interval(found[:, 1], found[:, 2], np.full(len(cells), size))
    true = cells[:, 2] - cells[:, 1]
    assert ((low <= true) & (true <= high)).mean() == pytest.approx(0.95, abs=0.005)


def test_the_interval_over_configurations_covers_as_often_as_it_says():
    rng = np.random.default_rng(6)
    shares = []
    for seeds, each, rates, gain in ((40, 3, 0.5, 0.0), (100, 5, 0.8, 0.4), (100, 20, 0.3, -0.3), (200, 4, 0.6, 0.2)):
        ease = stats.norm.ppf(rates) + 0.5 * rng.normal(size=(each, 1))
        true = (stats.norm.cdf(ease + gain) - stats.norm.cdf(ease)).mean()
        hits = []
        for _ in range(200):
            luck = 0.7 * rng.normal(size=seeds)  # what all trials of a seed share, in both tables
            a, b = (
                rows(np.where(luck + np.sqrt(0.51) * rng.normal(size=(each, seeds)) < bar, 10, np.inf).ravel())
                for bar in (ease, ease + gain)
            )
            found = by_seed(a, b, each)
            hits.append(found["rate_low"] <= true <= found["rate_high"])
        shares.append(np.mean(hits))
    assert np.mean(shares) == pytest.approx(0.95, abs=0.01)


def test_a_failure_is_slower_than_any_success_and_two_failures_tie():
    a = rows([10, 10, np.inf, np.inf, 500, 7])
    b = rows([5, np.inf, 900, np.inf, 500, 8])
    found = one_group(a, b)
    assert [found[name] for name in ("quicker_a", "quicker_b", "tied", "neither")] == [2, 2, 1, 1]
    assert (found["only_a"], found["only_b"], found["converged_a"], found["converged_b"]) == (1, 1, 4, 4)
    assert found["p_epochs"] == 1.0
    assert (found["epochs_median_a"], found["epochs_median_b"]) == (10, 500)
    assert found["epochs_difference"] == pytest.approx(((5 - 10) + (1000 - 10) + (900 - 1000) + 0 + 0 + 1) / 6)
    assert found["epochs_ratio"] == 1  # of 0, 1/2, 1, 8/7 and infinite; the pair that failed twice has none


def test_the_ratio_is_the_median_over_pairs_of_which_one_converged():
    assert one_group(rows([10, 20, 30]), rows([5, 10, 60]))["epochs_ratio"] == 0.5
    assert one_group(rows([10, np.inf, np.inf]), rows([5, 10, np.inf]))["epochs_ratio"] == 0.25
    assert one_group(rows([0, 0, 5]), rows([0, 0, 0]))["epochs_ratio"] == 1.0
    assert np.isnan(one_group(rows([np.inf]), rows([np.inf]))["epochs_ratio"])


def test_unequal_budgets_are_compared_up_to_the_smaller():
    a, b = rows([50, np.inf, 90], budget=100), rows([50, 150, 200], budget=300)
    found = one_group(a, b)
    assert (found["converged_a"], found["converged_b"]) == (2, 3)  # each within its own
    assert [found[name] for name in ("quicker_a", "quicker_b", "tied", "neither")] == [1, 0, 1, 1]
    assert found["epochs_budget"] == 100
    assert found["epochs_mean_b"] == pytest.approx((50 + 100 + 100) / 3)


def test_losses_are_compared_apart_for_solved_and_stuck_and_not_where_trials_stopped():
    a = rows([10, 10, np.inf, np.inf, 10], loss=[0.01, 0.02, 0.3, np.inf, 0.1])
    b = rows([10, 10, np.inf, np.inf, np.inf], loss=[0.005, 0.01, 0.2, np.inf, 0.25])
    found = one_group(a, b)
    assert (found["loss_pairs"], found["loss_solved_pairs"], found["loss_stuck_pairs"]) == (5, 2, 2)
    assert found["loss_difference"] == -0.005
    assert found["loss_solved_difference"] == pytest.approx(-0.0075)
    assert found["loss_stuck_difference"] == pytest.approx(-0.05)  # two infinite losses do not differ
    assert found["loss_a"] == 0.1
    stopped = one_group(a, rows([10] * 5, stopped=True))
    assert stopped["loss_pairs"] == 0
    assert np.isnan(stopped["loss_difference"])


def test_over_configurations_each_seed_has_one_vote():
    # Seeds 0 and 1 of three configurations: seed 0 is better under B in two and worse in one, seed 1 only better.
    a = rows([np.inf, np.inf, np.inf, 20, 10, 20])
    b = rows([50, 50, 50, 10, np.inf, 10])
    found = by_seed(a, b, 3)
    assert (found["pairs"], found["seeds"]) == (6, 2)
    assert (found["only_a"], found["only_b"]) == (1, 3)
    assert (found["seeds_for_a"], found["seeds_for_b"]) == (0, 2)
    assert (found["seeds_quicker_a"], found["seeds_quicker_b"]) == (0, 2)
    assert found["p_epochs"] == stats.binomtest(0, 2).pvalue


def test_one_configuration_is_the_same_by_seed_or_by_row_but_for_the_intervals():
    rng = np.random.default_rng(8)
    a, b = (rows(np.where(rng.random(50) < 0.7, rng.integers(1, 999, 50), np.inf)) for _ in range(2))
    plain, clustered = one_group(a, b), by_seed(a, b, 1)
    for name in ("p_convergence", "p_epochs", "rate_difference", "epochs_difference", "epochs_low", "loss_difference"):
        assert clustered[name] == pytest.approx(plain[name], rel=1e-9), name


def test_seeds_that_are_all_alike_do_not_make_a_difference_certain():
    found = by_seed(rows([np.inf] * 20), rows([5] * 20), 2)
    assert found["rate_difference"] == 1
    assert found["rate_low"] < 1
    same = by_seed(rows([5] * 20), rows([5] * 20), 2)
    assert same["rate_low"] < 0 < same["rate_high"]
    assert same["p_convergence"] == 1
