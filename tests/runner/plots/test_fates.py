import numpy as np
import pytest

from runner.analysis.fates import FATES as NAMES
from runner.analysis.fates import fates as fates_of
from runner.errors import RunnerError
from runner.plots import fates
from runner.plots.fates import _LOOKS
from runner.tables.columns import FATES
from runner.tables.loading import load
from tests.runner.plots.frames import trials
from tests.runner.running import swept

SWEEP = {
    "name": "fated",
    "task": "xor-constant",
    "training": {"epochs": 300},
    "record": {"fate": True},
    "sweep": {"seeds": 40, "hidden": [2, 4], "learning_rate": [0.3, 3.0, 30.0]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(SWEEP, tmp_path_factory.mktemp("fates"))


def bars(figure, row):
    """Left ends and widths of the bars of a row."""
    return [
        (bar.get_x(), bar.get_width())
        for bar in figure.axes[0].patches
        if round(bar.get_y() + bar.get_height() / 2) == row
    ]


def test_bars_are_shares_of_the_trials_and_fill_the_row(folder):
    figure = fates(folder)
    rows = load(folder).trials
    said = fates_of(rows)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    names = [name for name, (_, words) in _LOOKS.items() if words in legend]
    assert len(names) >= 3
    groups = rows.groupby(["hidden", "learning_rate"], observed=True).indices
    for row, (values, places) in enumerate(groups.items()):
        part, fate = rows.iloc[places], said.iloc[places]
        counts = [int((fate == name).sum() if name in NAMES else (part["outcome"] == name).sum()) for name in names]
        assert sum(counts) == 40
        drawn = bars(figure, row)
        np.testing.assert_allclose([width for _, width in drawn], [2.5 * count for count in counts])
        np.testing.assert_allclose([left for left, _ in drawn], np.cumsum([0, *(2.5 * count for count in counts[:-1])]))
        assert f"hidden units {values[0]}, learning rate {values[1]:g}: " in figure.get_label()
    assert figure.get_suptitle() == "fated: what became of the trials, 40 seeds each"


def test_trials_of_which_nothing_was_recorded_are_said_to_be_such():
    frame = trials({}, 20).assign(**dict.fromkeys(FATES, np.nan))
    legend = fates(frame).legends[0].get_texts()
    assert [text.get_text() for text in legend] == ["converged", "not converged, nothing recorded"]


def test_a_table_without_fates_is_refused():
    with pytest.raises(RunnerError, match=r"the table has no column .* `\[record\] fate = true`"):
        fates(trials({}, 3))
