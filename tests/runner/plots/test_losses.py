import numpy as np
import pytest

from runner.plots import losses
from runner.plots.style import SOLVED, STUCK
from tests.runner.plots.frames import trials

FRAME = trials({"hidden": [2, 3]}, 100)


def points(axes, colour):
    """The points of a colour, row by row."""
    return [line.get_data() for line in axes.get_lines() if line.get_color() == colour]


def test_every_trial_is_a_point_on_its_side_of_its_row():
    axes = losses(FRAME).axes[0]
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2", "3"]
    for colour, kind, side in ((SOLVED, True, -1), (STUCK, False, 1)):
        for row, (found, heights) in enumerate(points(axes, colour)):
            expected = FRAME[(FRAME["hidden"] == row + 2) & (FRAME["converged"] == kind)]["final_loss"]
            np.testing.assert_array_equal(np.sort(found), np.sort(expected))
            assert ((side * (heights - row) > 0) & (abs(heights - row) < 0.5)).all()
    assert axes.get_xlabel() == "final loss: mean squared error (log scale)"


def test_many_trials_are_densities_with_their_medians():
    frame = trials({"hidden": [2, 3]}, 3000)
    axes = losses(frame).axes[0]
    medians = [float(found[0]) for found, _ in points(axes, SOLVED)]
    solved = frame[frame["converged"]].groupby("hidden")["final_loss"]
    assert medians == pytest.approx(solved.median().tolist())
    shapes = [
        patch for patch in axes.patches if patch.get_facecolor()[:3] == pytest.approx((0, 0.447, 0.698), abs=0.01)
    ]
    assert len(shapes) == 2
    low, high = axes.get_xlim()
    assert low < frame["final_loss"].min()
    assert frame["final_loss"].max() < high


def test_trials_that_diverged_are_counted_beside_their_row():
    frame = FRAME.assign(final_loss=FRAME["final_loss"].where(FRAME["seed"] > 3))
    axes = losses(frame).axes[0]
    assert [text.get_text() for text in axes.texts if "diverged" in text.get_text()] == ["4 diverged"] * 2
    everything = losses(FRAME.assign(final_loss=np.nan)).axes[0]
    assert "every trial diverged" in [text.get_text() for text in everything.texts]


@pytest.mark.parametrize("losses_are", [[0.0, 0.0], [0.25, 0.25], [0.0, 0.5], [1e-300, 0.1]])
def test_any_losses_have_a_scale_that_holds_them(losses_are):
    frame = trials({}, 2, rate=0.0).assign(final_loss=losses_are)
    axes = losses(frame).axes[0]
    low, high = axes.get_xlim()
    ((found, _),) = points(axes, STUCK)
    assert low < high
    assert ((low <= found) & (found <= high)).all()
    assert np.isfinite([low, high]).all()


def test_a_description_gives_counts_and_medians():
    words = losses(FRAME).get_label()
    solved = FRAME.query("hidden == 2 and converged")["final_loss"]
    assert f"hidden units 2: {len(solved)} converged with a median of {solved.median():.3g}" in words
