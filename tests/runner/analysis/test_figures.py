import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from runner import commands, plots
from runner.analysis.analyze import analyze
from runner.analysis.figures import draw_figures
from runner.errors import RunnerError
from tests.runner.analysis.tables import table

FUNCTIONS = {
    "run_lengths": "run-lengths",
    "losses": "losses",
    "outputs": "outputs",
    "fates": "fates",
    "curve_bands": "curves",
}
STREAM = np.random.default_rng(0)


def grid(**axes):
    keys = dict(zip(axes, np.stack(np.meshgrid(*axes.values(), indexing="ij")).reshape(len(axes), -1), strict=True))
    count = len(next(iter(keys.values())))
    return table(STREAM.integers(1, 1500, (count, 5)), keys=keys)


@pytest.fixture
def drawn(monkeypatch):
    """Stubs in the place of the figures; their names, as they are asked for."""
    names = []
    for name in FUNCTIONS:
        monkeypatch.setattr(plots, name, lambda *_, name=name, **__: names.append(name) or Figure(figsize=(1, 1)))
    return names


def test_every_figure_is_written_as_png_and_svg(drawn, tmp_path):
    found = analyze(frame := grid(learning_rate=[0.1, 1.0]))
    files = draw_figures(found, frame, tmp_path / "plots")
    assert drawn == list(FUNCTIONS)
    names = {"rates", *FUNCTIONS.values()}
    assert sorted(files) == sorted(tmp_path / "plots" / f"{name}.{end}" for name in names for end in ("png", "svg"))
    assert all(file.stat().st_size > 0 for file in files)


@pytest.mark.usefixtures("drawn")
def test_what_the_table_has_no_columns_for_is_left_out(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise RunnerError("there are no outputs")

    monkeypatch.setattr(plots, "outputs", refuse)
    found = analyze(frame := grid(hidden=[4]))
    names = {file.stem for file in draw_figures(found, frame, tmp_path)}
    assert names == {"run-lengths", "losses", "fates", "curves"}  # one configuration has no axis for its rate


@pytest.mark.parametrize(
    "axes",
    [
        {"learning_rate": [0.1, 1.0, 10.0]},
        {"learning_rate": [0.1, 1.0], "momentum": [0.0, 0.9]},
        {"learning_rate": list(np.linspace(0.1, 3, 21)), "momentum": list(np.linspace(0, 0.9, 20))},
        {"update": ["batch", "online"], "learning_rate": [0.1, 1.0], "momentum": [0.0, 0.9]},
    ],
)
@pytest.mark.usefixtures("drawn")
def test_rates_are_drawn_over_one_two_or_three_axes(axes, tmp_path):
    found = analyze(frame := grid(**axes))
    assert tmp_path / "rates.svg" in draw_figures(found, frame, tmp_path)


@pytest.mark.usefixtures("drawn")
def test_the_same_figure_has_the_same_bytes(tmp_path):
    found = analyze(frame := grid(learning_rate=[0.1, 1.0]))
    for name in ("a", "b"):
        draw_figures(found, frame, tmp_path / name)
    assert (tmp_path / "a" / "rates.svg").read_bytes() == (tmp_path / "b" / "rates.svg").read_bytes()


@pytest.mark.usefixtures("drawn")
def test_the_command_says_what_it_wrote_and_leaves_json_alone(tmp_path):
    grid(learning_rate=[0.1, 1.0]).to_csv(tmp_path / "trials.csv", index=False)
    words = ["analyze", str(tmp_path / "trials.csv"), "--plots", str(tmp_path / "plots")]
    assert str(tmp_path / "plots" / "rates.png") in CliRunner().invoke(commands.app, words).stdout
    done = CliRunner().invoke(commands.app, [*words, "--json"])
    json.loads(done.stdout)
    assert str(tmp_path / "plots" / "rates.png") in done.stderr


@pytest.mark.usefixtures("drawn")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "plots").write_text("in the way")
    found = analyze(frame := grid(learning_rate=[0.1, 1.0]))
    with pytest.raises(RunnerError, match="cannot be written"):
        draw_figures(found, frame, tmp_path / "plots")
