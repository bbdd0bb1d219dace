import numpy as np
import pytest
from scipy import stats

from runner.analysis.comparison_groups import Groups
from runner.analysis.comparison_unpaired import Sample, fisher_mid_p, mann_whitney, newcombe, unpaired
from tests.runner.analysis.test_comparison_paired import rows


def sample(of, number=None, seed=None, seeds=None):
    size = len(of.epochs)
    configuration = np.zeros(size, np.int64) if number is None else np.asarray(number)
    if seed is None:
        groups = Groups(configuration, int(configuration.max()) + 1, np.arange(size), size, False)
    else:
        groups = Groups(np.zeros(size, np.int64), 1, seed, seeds, True)
    return Sample(of, groups, configuration)


def compared(a, b):
    return {name: values[0] for name, values in unpaired(a, b).items()}


def test_the_interval_of_a_difference_is_the_published_one():
    # Newcombe (1998), table II, (a): 56/70 less 48/80; Fagerland, Lydersen & Laake (2017): 7/34 less 1/34.
    low, high = newcombe(np.array([48, 1]), np.array([80, 34]), np.array([56, 7]), np.array([70, 34]))
    assert low == pytest.approx([0.0524, 0.0189], abs=5e-5)
    assert high == pytest.approx([0.3339, 0.3404], abs=5e-5)


def test_fishers_mid_p_is_half_way_between_two_exact_ones():
    for a, n, b, m in ((3, 20, 9, 25), (0, 16, 15, 72), (10, 10, 0, 10), (5, 9, 5, 9)):
        table = [[b, m - b], [a, n - a]]
        least = []
        for side, next_table in (
            ("less", [[b - 1, m - b + 1], [a + 1, n - a - 1]]),
            ("greater", [[b + 1, m - b - 1], [a - 1, n - a + 1]]),
        ):
            inside = min(min(row) for row in next_table) >= 0
            beyond = stats.fisher_exact(next_table, side).pvalue if inside else 0.0
            least.append((stats.fisher_exact(table, side).pvalue + beyond) / 2)
        found = fisher_mid_p(*(np.array([value]) for value in (a, n, b, m)))
        assert found[0] == pytest.approx(min(1, 2 * min(least)), rel=1e-8)


def test_mann_and_whitneys_test_is_scipys_in_every_group():
    rng = np.random.default_rng(1)
    sizes = [(5, 8), (30, 30), (100, 7), (3, 3)]
    parts = [[rng.integers(0, 6, size).astype(float) for size in pair] for pair in sizes]
    parts[1][0][:4] = np.inf
    numbers = [np.repeat(np.arange(4), [pair[side] for pair in sizes]) for side in (0, 1)]
    found = mann_whitney(*(np.concatenate([pair[side] for pair in parts]) for side in (0, 1)), *numbers, 4)
    expected = [stats.mannwhitneyu(np.nan_to_num(a), np.nan_to_num(b), method="asymptotic").pvalue for a, b in parts]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert mann_whitney(np.ones(3), np.ones(3), np.zeros(3, int), np.zeros(3, int), 1) == 1.0


def test_samples_are_compared_with_failures_slower_than_any():
    a, b = rows([10, 20, np.inf, np.inf]), rows([5, 15, 30, np.inf, 40])
    found = compared(sample(a), sample(b))
    late = [np.minimum(of.epochs, 1e9) for of in (a, b)]
    pairs = np.sign(late[0][:, None] - late[1])
    assert found["b_quicker"] == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean())
    assert (found["trials_a"], found["converged_a"], found["trials_b"], found["converged_b"]) == (4, 2, 5, 4)
    assert found["rate_difference"] == pytest.approx(0.3)
    assert (found["epochs_median_a"], found["epochs_median_b"]) == (20, 30)
    assert found["epochs_ratio"] == 1.5
    welch = stats.ttest_ind([5, 15, 30, 1000, 40], [10, 20, 1000, 1000], equal_var=False).confidence_interval()
    assert (found["epochs_low"], found["epochs_high"]) == pytest.approx((welch.low, welch.high), rel=1e-9)


def test_over_configurations_seeds_are_what_is_drawn():
    rng = np.random.default_rng(2)
    own = [np.where(rng.random(30) < rate, rng.integers(1, 900, 30), np.inf) for rate in (0.4, 0.8)]
    alone = [sample(rows(epochs), seed=np.arange(30), seeds=30) for epochs in own]
    copied = [
        sample(rows(np.tile(epochs, 9)), np.repeat(np.arange(9), 30), np.tile(np.arange(30), 9), 30) for epochs in own
    ]
    one, many = compared(*alone), compared(*copied)
    for name in ("rate_difference", "b_quicker", "p_epochs", "epochs_difference", "epochs_low", "epochs_high"):
        assert many[name] == pytest.approx(one[name], rel=1e-9), name
    assert many["p_epochs"] == pytest.approx(stats.mannwhitneyu(*(np.minimum(epochs, 1e9) for epochs in own)).pvalue)


def test_losses_are_medians_apart_and_not_where_trials_stopped():
    a, b = rows([1, 1, np.inf], loss=[0.1, 0.2, 0.4]), rows([1, np.inf], loss=[0.1, 0.5])
    found = compared(sample(a), sample(b))
    assert found["loss_difference"] == pytest.approx(0.1)
    assert found["loss_solved_difference"] == pytest.approx(-0.05)
    assert found["loss_stuck_difference"] == pytest.approx(0.1)
    assert compared(sample(a), sample(rows([1, 2], stopped=True)))["loss_trials_a"] == 0


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(3)
    covered = {"rate": [], "epochs": [], "loss": []}
    for n, m in ((30, 50), (100, 60), (200, 300)):
        count = 1500
        rates = rng.uniform(0.05, 0.95, (2, count, 1))
        parts = []
        for size, rate in ((n, rates[0]), (m, rates[1])):
            epochs = np.where(rng.random((count, size)) < rate, rng.integers(100, 900, (count, size)), np.inf)
            loss = rng.exponential(size=(count, size))
            parts.append(sample(rows(epochs.ravel(), loss=loss.ravel()), np.repeat(np.arange(count), size)))
        found = unpaired(*parts)
        gap = (rates[1] - rates[0]).ravel()
        for name, true in (("rate", gap), ("epochs", gap * (499.5 - 1000)), ("loss", 0.0)):
            covered[name].append(((found[f"{name}_low"] <= true) & (true <= found[f"{name}_high"])).mean())
    for name, shares in covered.items():
        assert np.mean(shares) == pytest.approx(0.95, abs=0.01), name
