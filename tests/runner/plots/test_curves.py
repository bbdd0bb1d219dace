import numpy as np
import pandas as pd
import pytest

from runner.errors import RunnerError
from runner.plots import curve_bands
from runner.plots.style import SOLVED, STUCK
from runner.tables.loading import load
from tests.runner.plots.frames import trials
from tests.runner.running import swept

SWEEP = {
    "name": "curved",
    "task": "xor-constant",
    "training": {"epochs": 700, "learning_rate": 3.0},
    "record": {"curve": {"every": 20}},
    "sweep": {"seeds": 60, "hidden": [2, 4]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(SWEEP, tmp_path_factory.mktemp("curves"))


def quantile(folder, hidden, converged, share):
    """The order statistic of the recorded losses at each epoch; nothing where there is no such trial."""
    rows = load(folder).trials
    rows = rows[(rows["hidden"] == hidden) & (rows["converged"] == converged)]
    curves = pd.read_csv(folder / "curves.csv")
    table = curves[curves["trial"].isin(rows["trial"])].pivot(index="epoch", columns="trial", values="loss")
    return np.sort(table.to_numpy(), axis=1)[:, int(np.ceil(share * len(rows))) - 1] if len(rows) else []


def test_lines_are_medians_over_the_trials_that_converged_and_over_the_others(folder):
    figure = curve_bands(folder)
    assert [axes.get_title() for axes in figure.axes] == ["hidden units 2", "hidden units 4"]
    drawn = 0
    for axes, hidden in zip(figure.axes, (2, 4), strict=True):
        for colour, converged in ((SOLVED, True), (STUCK, False)):
            medians = quantile(folder, hidden, converged, 0.5)
            lines = [line for line in axes.get_lines() if line.get_color() == colour]
            assert len(lines) == bool(len(medians))
            for line in lines:
                np.testing.assert_array_equal(line.get_xdata(), np.arange(0, 701, 20))
                np.testing.assert_array_equal(line.get_ydata(), medians)
                drawn += 1
    assert drawn >= 3, "both groups, and both configurations"
    assert figure.get_suptitle() == "curved: loss curves, 60 seeds each"


def test_bands_lie_between_quantiles(folder):
    outer, inner = curve_bands(folder, where="hidden == 4").axes[0].collections[:2]
    for band, low, high in ((outer, 0.05, 0.95), (inner, 0.25, 0.75)):
        edge = band.get_paths()[0].vertices
        for epoch, bottom, top in zip(
            range(0, 701, 20), *(quantile(folder, 4, True, share) for share in (low, high)), strict=True
        ):
            at = edge[edge[:, 0] == epoch, 1]
            assert (at.min(), at.max()) == (bottom, top)


def test_a_trial_that_stopped_keeps_its_last_loss(tmp_path):
    every_epoch = {"record": {"curve": {"every": 1}}}  # so that the last one drawn is where the last trial stops
    settings = SWEEP | every_epoch | {"convergence": {"stop": True}, "sweep": {"seeds": 60, "hidden": [4]}}
    folder = swept(settings, tmp_path)
    (line,) = [line for line in curve_bands(folder).axes[0].get_lines() if line.get_color() == SOLVED]
    solved = load(folder).trials.query("converged")
    assert line.get_ydata()[-1] == np.quantile(solved["final_loss"], 0.5, method="inverted_cdf")


def test_of_many_trials_some_are_drawn_and_the_title_says_so(folder, monkeypatch):
    monkeypatch.setattr("runner.plots.curves._TRIALS", 10)
    assert "20 of 120 trials, evenly chosen" in curve_bands(folder).get_suptitle()
    monkeypatch.setattr("runner.plots.curves._EPOCHS", 4)
    (line, *_) = curve_bands(folder).axes[1].get_lines()
    assert line.get_xdata().tolist() == [0, 240, 460, 700]


def test_trials_that_diverged_are_worse_than_any(tmp_path):
    content = {
        "name": "wild",
        "task": "xor",
        "training": {"momentum": 1e20, "epochs": 40},
        "record": {"curve": [0, 40]},
    }
    figure = curve_bands(swept(content | {"sweep": {"seeds": 5}}, tmp_path))
    (line,) = [line for line in figure.axes[0].get_lines() if line.get_color() == STUCK]
    assert np.isfinite(line.get_ydata()[0])
    assert np.isnan(line.get_ydata()[-1])


@pytest.mark.parametrize("results", [trials({}, 2), "without"])
def test_without_recorded_curves_a_sentence_says_how_to_record_them(tmp_path, results):
    if isinstance(results, str):
        results = swept({"name": "plain", "task": "xor", "training": {"epochs": 1}}, tmp_path)
    with pytest.raises(RunnerError, match=r"no loss curves were recorded; \[record\] curve lists the epochs"):
        curve_bands(results)


def test_a_damaged_file_of_curves_is_refused_in_one_sentence(tmp_path):
    folder = swept(SWEEP | {"sweep": {"seeds": 2}}, tmp_path)
    (folder / "curves.csv").write_text("trial,epoch\n1,2\n")
    with pytest.raises(RunnerError, match=r"curves.csv: cannot be read as loss curves"):
        curve_bands(folder)
