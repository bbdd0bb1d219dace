import os
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.stats import binomtest

from runner.analysis.rates import rates
from runner.errors import RunnerError
from runner.plots import convergence_bands, kolen_pollack_figure_1, rate_grid
from runner.plots.style import COLOURS, MARKERS

SCALES = [0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]


def trials(seeds=40, updates=("batch", "online"), learning_rates=(1.0, 2.0), momenta=(0.0, 0.5, 0.9), scales=SCALES):
    """A table of trials whose convergence is drawn at a rate that falls with the scale."""
    random = np.random.default_rng(3)
    rows = [
        (2, learning_rate, momentum, update, scale, seed, bool(random.random() > scale / 12))
        for update in updates
        for learning_rate in learning_rates
        for momentum in momenta
        for scale in scales
        for seed in range(seeds)
    ]
    names = ["hidden", "learning_rate", "momentum", "update", "scale", "seed", "converged"]
    return pd.DataFrame(rows, columns=names)


FRAME = trials()
MANY = trials(1, ["batch"], [1.0], range(20), range(21))
ONE = 'update == "batch" and momentum == 0 and learning_rate == 1'


def test_rates_are_those_of_a_pandas_groupby_with_wilson_intervals():
    found = rates(FRAME, ["update", "scale"], "momentum == 0 and learning_rate == 1").table
    chosen = FRAME.query("momentum == 0 and learning_rate == 1").groupby(["update", "scale"])["converged"]
    np.testing.assert_array_equal(found["convergence_rate"], chosen.mean())
    np.testing.assert_array_equal(found["trials"], chosen.count())
    for _, row in found.iterrows():
        interval = binomtest(row["converged"], row["trials"]).proportion_ci(method="wilson")
        assert (row["convergence_low"], row["convergence_high"]) == pytest.approx(
            (interval.low, interval.high), abs=1e-12
        )


def test_words_stay_in_the_order_of_the_table_and_numbers_ascend():
    frame = trials(updates=("online", "batch"), scales=[2.0, 1.0])
    found = rates(frame, ["update", "scale"], "momentum == 0 and learning_rate == 1").table
    assert found["update"].tolist() == ["online", "online", "batch", "batch"]
    assert found["scale"].tolist() == [1.0, 2.0, 1.0, 2.0]


def test_scale_written_as_text_is_a_number_again():
    frame = FRAME.assign(scale=FRAME["scale"].astype(str))
    assert rates(frame, ["scale"], ONE).table["scale"].tolist() == SCALES


@pytest.mark.parametrize("failures", [False, True])
def test_lines_and_bands_are_rates_in_percent(failures):
    figure = convergence_bands(FRAME, "scale", failures=failures, where=ONE)
    axes = figure.axes[0]
    found = rates(FRAME, ["scale"], ONE).table
    rate, low, high = (
        100 * found[name].to_numpy() for name in ("convergence_rate", "convergence_low", "convergence_high")
    )
    if failures:
        rate, low, high = 100 - rate, 100 - high, 100 - low
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), SCALES)
    np.testing.assert_allclose(line.get_ydata(), rate)
    band = axes.collections[0].get_paths()[0].vertices
    for place, bottom, top in zip(SCALES, low, high, strict=True):
        at = band[np.isclose(band[:, 0], place), 1]
        assert (at.min(), at.max()) == pytest.approx((bottom, top))
    assert axes.get_ylabel() == f"runs {'not ' if failures else ''}converged (percent)"
    assert "40 seeds each, with Wilson 95 % intervals" in figure.get_suptitle()


def test_figure_1_has_two_panels_of_six_lines_that_differ_in_colour_and_marker():
    for results in (FRAME, {name: FRAME[FRAME["update"] == name] for name in ("batch", "online")}):
        figure = kolen_pollack_figure_1(results)
        assert len(figure.axes) == 2
        for axes, name in zip(figure.axes, ("batch", "online"), strict=True):
            assert name in axes.get_title()
            lines = axes.get_lines()
            assert len({line.get_color() for line in lines}) == 6
            assert len({line.get_marker() for line in lines}) == 6
            assert [line.get_linestyle() for line in lines] == ["-"] * 3 + ["--"] * 3
            assert axes.get_xscale() == "linear"
            assert axes.get_xlabel() == "initial weights uniform in [−p, p]: p"  # noqa: RUF001 - a minus sign
        assert figure.axes[0].get_ylabel() == "runs not converged after 50,000 epochs (percent)"
        words = [text.get_text() for text in figure.legends[0].get_texts()]
        assert words[0] == "learning rate 1, momentum 0"
        assert words[-1] == "learning rate 2, momentum 0.9"
        labels = [line.get_label() for line in figure.axes[0].get_lines()]
        assert labels == words
        expected = FRAME.query("update == 'online' and learning_rate == 2 and momentum == 0.9").groupby("scale")
        last = figure.axes[1].get_lines()[-1].get_ydata()
        np.testing.assert_allclose(last, 100 - 100 * expected["converged"].mean())


def test_the_legend_lies_outside_the_panels():
    figure = kolen_pollack_figure_1(FRAME)
    figure.savefig(os.devnull, format="png")
    box = figure.legends[0].get_window_extent()
    assert box.x1 <= figure.bbox.x1
    assert all(box.x0 >= axes.get_tightbbox().x1 for axes in figure.axes)
    assert figure.axes[0].get_tightbbox().x1 <= figure.axes[1].get_tightbbox().x0
    ticks = [tick.get_window_extent() for tick in figure.axes[0].get_xticklabels() if tick.get_text()]
    assert not any(first.overlaps(second) for first, second in pairwise(ticks))


def test_colours_differ_in_grey_or_by_marker():
    assert len(set(COLOURS)) == len(COLOURS)
    assert len(set(MARKERS)) == len(MARKERS)
    assert all(to_hex(colour).upper() == colour for colour in COLOURS)


def test_words_may_be_the_x_axis():
    axes = convergence_bands(FRAME, "update", ["scale"], where="momentum == 0 and learning_rate == 1").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["batch", "online"]
    assert axes.get_lines()[0].get_xdata().tolist() == [0, 1]


def test_a_grid_of_rates_writes_rate_and_interval_in_each_cell():
    figure = rate_grid(FRAME, "momentum", "scale", where='update == "batch" and learning_rate == 2')
    axes = figure.axes[0]
    chosen = FRAME.query("update == 'batch' and learning_rate == 2")
    expected = 100 * chosen.pivot_table(index="scale", columns="momentum", values="converged").to_numpy()
    np.testing.assert_allclose(axes.images[0].get_array(), expected)
    written = {(text.xy, text.get_text()) for text in axes.texts}
    for row, column in np.ndindex(expected.shape):
        interval = binomtest(round(0.4 * expected[row, column]), 40).proportion_ci(method="wilson")
        assert ((column, row), f"{expected[row, column]:.1f} %") in written
        assert ((column, row), f"{100 * interval.low:.1f} to {100 * interval.high:.1f}") in written
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("momentum", "scale of the initial weights")
    assert figure.axes[1].get_ylabel() == "runs converged (percent)"


def test_words_in_cells_lie_inside_them():
    figure = rate_grid(FRAME, "momentum", "scale", where='update == "batch" and learning_rate == 2')
    figure.savefig(os.devnull, format="png")
    axes = figure.axes[0]
    width, height = axes.bbox.width / 3, axes.bbox.height / len(SCALES)
    assert all(
        text.get_window_extent().width < width and text.get_window_extent().height < height / 2 for text in axes.texts
    )


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: convergence_bands(FRAME, "scal"), "scal is not in this table; did you mean scale?"),
        (lambda: convergence_bands(FRAME, "seed"), "seed is no axis"),
        (lambda: convergence_bands(FRAME, "scale", ["scale"]), "scale is asked for twice"),
        (
            lambda: convergence_bands(FRAME, "scale", ["momentum"]),
            r"learning_rate \(2 .* update \(2 values\) vary",
        ),
        (lambda: convergence_bands(FRAME, "scale", where="scale > 99"), "there is no trial to count where scale > 99"),
        (lambda: rate_grid(FRAME[:0], "scale", "momentum"), "there is no trial to count"),
        (lambda: convergence_bands(MANY, "learning_rate", ["scale", "momentum"]), "420 lines by scale, momentum"),
        (lambda: rate_grid(MANY, "scale", "momentum"), "21 x 20 cells are too many to write in; draw a map"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(draw, sentence):
    with pytest.raises(RunnerError, match=sentence) as refusal:
        draw()
    assert "\n" not in str(refusal.value)
