import os

import numpy as np
import pandas as pd
import pytest

from runner.plots import run_lengths
from tests.runner.plots.frames import trials

FRAME = trials({"hidden": [2, 3, 4], "learning_rate": [0.1, 1.0]}, 200)


def share(part, epoch):
    """The share of trials, in percent, that had converged by an epoch."""
    return 100 * (part["epochs_to_convergence"].fillna(10**9) <= epoch).mean()


def at(line, epoch):
    """The height of a line of steps."""
    epochs, heights = line.get_data()
    return heights[np.searchsorted(epochs, epoch, side="right") - 1]


def test_lines_are_the_shares_of_all_trials_that_had_converged():
    figure = run_lengths(FRAME)
    assert [axes.get_title() for axes in figure.axes] == ["learning rate 0.1", "learning rate 1"]
    for axes, rate in zip(figure.axes, (0.1, 1.0), strict=True):
        assert axes.get_xlim()[1] >= 100
        for line, hidden in zip(axes.get_lines(), (2, 3, 4), strict=True):
            part = FRAME[(FRAME["hidden"] == hidden) & (FRAME["learning_rate"] == rate)]
            assert line.get_label() == f"hidden units {hidden}"
            for epoch in (1, 7, 50, 100):
                assert at(line, epoch) == pytest.approx(share(part, epoch))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [f"hidden units {n}" for n in (2, 3, 4)]
    assert figure.get_suptitle() == "epochs to convergence, 200 seeds each"
    part = FRAME.query("hidden == 2 and learning_rate == 0.1")
    assert f"hidden units 2, learning rate 0.1: {share(part, 100):.3g} percent converged" in figure.get_label()


def test_a_line_of_many_epochs_is_thinned_and_stays_within_half_a_point():
    frame = trials({}, 5000, budget=40_000)
    (line,) = run_lengths(frame).axes[0].get_lines()
    assert len(line.get_xdata()) < 300
    for epoch in (900, 7000, 39_999):
        assert at(line, epoch) == pytest.approx(share(frame, epoch), abs=0.5)


def test_a_line_ends_with_the_smallest_budget_of_trials_that_did_not_converge():
    short, long = trials({}, 100, budget=50), trials({}, 100, budget=500, seed=1)
    both = pd.concat([short, long], ignore_index=True)
    (line,) = run_lengths(both).axes[0].get_lines()
    assert line.get_xdata().max() == 50
    assert at(line, 50) == pytest.approx(share(both, 50))
    diverged = both.assign(outcome=both["outcome"].where(both["epochs_run"] > 50, "diverged"))
    (line,) = run_lengths(diverged[~diverged["converged"] | (diverged["epochs_run"] == 50)]).axes[0].get_lines()
    assert line.get_xdata().max() == 500


def test_epochs_go_by_their_log_where_they_are_far_apart():
    early = FRAME.assign(epochs_to_convergence=FRAME["epochs_to_convergence"].clip(lower=30))
    assert run_lengths(FRAME).axes[0].get_xscale() == "log"
    assert run_lengths(early).axes[0].get_xscale() == "linear"


def test_trials_that_converged_at_the_start_are_in_the_height_of_the_line_at_its_left_end():
    epochs = FRAME["epochs_to_convergence"]
    frame = FRAME.assign(epochs_to_convergence=epochs.where((FRAME["seed"] % 2 == 1) | epochs.isna(), 0))
    axes = run_lengths(frame, []).axes[0]
    (line,) = axes.get_lines()
    assert line.get_ydata()[line.get_xdata() <= axes.get_xlim()[0]].max() == pytest.approx(share(frame, 0))


def test_cutoffs_are_marked_on_their_lines():
    marks = {frozenset({("hidden", 3), ("learning_rate", 1.0)}): 40.0}
    figure = run_lengths(FRAME, cutoffs=marks)
    (mark,) = (line for line in figure.axes[1].get_lines() if line.get_marker() == "|")
    part = FRAME.query("hidden == 3 and learning_rate == 1")
    assert list(mark.get_xdata()) == [40]
    assert mark.get_ydata() == pytest.approx([share(part, 40)])
    assert figure.legends[0].get_texts()[-1].get_text() == "best restart cutoff"


def test_where_nothing_converged_the_panel_says_so():
    axes = run_lengths(trials({}, 3, rate=0.0)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["no trial converged within 100 epochs"]
    assert axes.get_lines()[0].get_ydata().tolist() == [0, 0]


def test_words_beside_the_picture_do_not_overlap():
    figure = run_lengths(FRAME)
    figure.savefig(os.devnull, format="png")
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.contains(legend.x0, legend.y0)
    assert all(not axes.get_tightbbox().overlaps(legend) for axes in figure.axes)
