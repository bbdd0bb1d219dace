import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from runner.errors import RunnerError
from runner.maps.draw import default_out, draw_map, map_figure, save
from runner.maps.grid import Grid, grid
from runner.sweeping.run import sweep
from runner.tables.loading import load

HIDDEN, RATES = [2, 3, 4], [0.1, 1.0, 10.0]


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """XOR over hidden and learning rate, 20 seeds: cells where all, some and none converge."""
    folder = tmp_path_factory.mktemp("results")
    sweep(
        {
            "name": "small",
            "task": "xor-constant",
            "training": {"epochs": 300},
            "sweep": {"seeds": 20, "hidden": HIDDEN, "learning_rate": RATES, "update": ["batch", "online"]},
        },
        results=folder,
    )
    return folder / "small"


BATCH = 'update == "batch"'


def synthetic(xs, ys, values, value="epochs_to_convergence", kind="whole", trials=1):
    shape = (len(ys), len(xs))
    values = np.broadcast_to(np.asarray(values, float), shape)
    trials = np.broadcast_to(np.asarray(trials, np.int32), shape)
    return Grid("learning_rate", "momentum", value, kind, list(xs), list(ys), values, trials, "", {}, "")


def pixels(path, figure):
    """The part of a picture that shows cells, the lowest row first."""
    picture = np.round(255 * imread(path)[..., :3]).astype(np.uint8)
    box = figure.axes[0].bbox
    left, bottom, width, height = (round(number) for number in box.bounds)
    return picture[::-1][bottom : bottom + height, left : left + width]


def pivot(results, value, how):
    frame = load(results).trials.query("update == 'batch'")
    return frame.pivot_table(index="hidden", columns="learning_rate", values=value, aggfunc=how, observed=True)


@pytest.mark.parametrize("value", ["converged", "holds_at_end", "final_loss", "max_error", "epochs_run", "output_2"])
def test_values_are_the_means_of_a_pandas_pivot(results, value):
    found = grid(results, "learning_rate", "hidden", value, BATCH)
    assert (found.xs, found.ys) == (RATES, HIDDEN)
    assert (found.trials == 20).all()
    np.testing.assert_allclose(found.values, pivot(results, value, "mean").to_numpy(float), rtol=1e-12)
    pd.testing.assert_index_equal(found.frame().columns, pd.Index(RATES, name="learning_rate"))
    assert found.fixed == {"update": "batch"}


def test_a_failure_counts_as_its_epochs_and_cells_without_success_have_none(results):
    frame = load(results).trials.query("update == 'batch'")
    frame = frame.assign(epochs=frame["epochs_to_convergence"].fillna(frame["epochs_run"]).astype(float))
    expected = frame.pivot_table(index="hidden", columns="learning_rate", values="epochs").to_numpy()
    rate = pivot(results, "converged", "mean").to_numpy(float)
    found = grid(results, "learning_rate", "hidden", where=BATCH).values
    assert ((rate > 0) & (rate < 1)).any()
    assert (rate == 0).any()
    np.testing.assert_allclose(found, np.where(rate == 0, np.nan, expected), rtol=1e-12)


def test_folder_file_tables_and_parquet_draw_the_same(results, tmp_path):
    loaded = load(results)
    loaded.trials.to_parquet(tmp_path / "trials.parquet")
    sources = [results, str(results / "trials.csv"), loaded, loaded.trials, tmp_path / "trials.parquet"]
    sources.append(loaded.trials.sample(frac=1.0, random_state=1))
    grids = [grid(source, "hidden", "learning_rate", "final_loss", BATCH) for source in sources]
    for other in grids[1:]:
        np.testing.assert_allclose(other.values, grids[0].values, rtol=1e-13)
        assert (other.xs, other.ys) == (grids[0].xs, grids[0].ys)
    assert [found.name for found in grids[:3]] == ["small"] * 3


def test_words_flags_and_seeds_may_be_axes(results):
    found = grid(results, "update", "seed", "converged", "hidden == 3 and learning_rate == 1")
    assert (found.xs, found.ys) == (["batch", "online"], list(range(20)))
    assert set(np.unique(found.values)) <= {0.0, 1.0}
    figure = map_figure(found)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["batch", "online"]
    assert len(figure.axes) == 1  # yes or no has a legend and no colour bar


def test_a_scale_of_numbers_beside_a_rule_keeps_the_order_of_the_table():
    columns = {"hidden": [1, 1, 2, 2], "final_loss": [1.0, 2.0, 3.0, np.nan]}
    ruled = pd.DataFrame({**columns, "scale": ["2.0", "1/sqrt(fan_in)"] * 2})
    found = grid(ruled, "scale", "hidden", "final_loss")
    assert found.xs == ["2.0", "1/sqrt(fan_in)"]
    np.testing.assert_array_equal(found.values, [[1, 2], [3, np.nan]])
    numbers = ruled.assign(scale=["2.0", "0.5"] * 2)
    assert grid(numbers, "scale", "hidden", "final_loss").xs == [0.5, 2.0]


def test_minus_zero_is_zero_and_rows_without_an_axis_are_left_out():
    frame = pd.DataFrame(
        {"W1[0,1]": [-0.0, 0.0, 1.0, np.nan], "hidden": [2, 2, 2, 2], "final_loss": [1.0, 3.0, 5.0, 9]}
    )
    found = grid(frame, "W1[0,1]", "hidden", "final_loss")
    assert (found.xs, found.values.tolist(), found.trials.tolist()) == ([0.0, 1.0], [[2.0, 5.0]], [[2, 1]])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("learning_rate", "hiden"), "hiden is not in this table; did you mean hidden?"),
        (("momentum", "hidden"), "momentum is not in this table"),
        (("final_loss", "hidden"), "final_loss is no axis"),
        (("hidden", "hidden"), "hidden is asked for twice"),
        (
            ("learning_rate", "hidden"),
            "update (2 values) varies; choose one value of each by --where 'update == \"batch\"'",
        ),
        (("learning_rate", "hidden", "loss", BATCH), "there is no column loss to draw"),
        (("learning_rate", "hidden", "outcome", BATCH), "outcome holds words"),
        (("learning_rate", "hidden", "converged", "hidden == 99"), "no trial has learning_rate and hidden where"),
        (("learning_rate", "hidden", "converged", "hiden == 2"), "did you mean hidden?"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(results, arguments, sentence):
    with pytest.raises(RunnerError) as refusal:
        draw_map(results, *arguments[:3], where=arguments[3] if len(arguments) > 3 else "")
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_a_key_that_some_rows_miss_varies():
    frame = pd.DataFrame(
        {"hidden": [1, 1], "learning_rate": [1.0, 2.0], "b2[0]": [np.nan, 3.0], "final_loss": [1.0, 2.0]}
    )
    with pytest.raises(RunnerError, match=r"b2\[0\] == 3.0"):
        grid(frame, "hidden", "learning_rate", "final_loss")


def test_damaged_tables_and_unwritable_files_are_refused(results, tmp_path):
    text = (results / "trials.csv").read_text()
    (tmp_path / "trials.csv").write_text(text.replace("0.1", "x", 1))
    with pytest.raises(RunnerError, match="cannot be read as a table of results"):
        grid(tmp_path, "hidden", "learning_rate")
    (tmp_path / "trials.csv").write_text(text[:-1])
    with pytest.raises(RunnerError, match="last line is cut off"):
        grid(tmp_path, "hidden", "learning_rate", where=BATCH)
    with pytest.raises(RunnerError, match="no such file or folder"):
        grid(tmp_path / "none", "hidden", "learning_rate")
    (tmp_path / "file").touch()
    for out, sentence in (("map.xyz", "its ending"), ("map", "its ending"), ("file/map.png", "cannot be written")):
        with pytest.raises(RunnerError, match=sentence):
            draw_map(results, "hidden", "learning_rate", where=BATCH, out=tmp_path / out)
    with pytest.raises(RunnerError, match="viridis or grey"):
        draw_map(results, "hidden", "learning_rate", where=BATCH, colours="jet")


@pytest.mark.parametrize(("width", "height"), [(6, 5), (7, 13), (19, 200), (721, 719), (1500, 20)])
@pytest.mark.parametrize("log", [False, True])
def test_every_cell_has_its_own_pixels(tmp_path, width, height, log):
    random = np.random.default_rng(1)
    values = np.where(random.random((height, width)) < 0.3, np.nan, random.integers(0, 200, (height, width)))
    xs = np.geomspace(0.01, 10, width) if log else np.linspace(-10, 10, width)
    figure = map_figure(synthetic(xs, np.linspace(0, 1, height), values), "grey")
    shown = pixels(save(figure, tmp_path / "map.png"), figure)
    across, up = shown.shape[1] // width, shown.shape[0] // height
    assert shown.shape == (height * up, width * across, 3)
    cells = shown[::up, ::across]
    assert (shown == np.repeat(np.repeat(cells, up, axis=0), across, axis=1)).all()
    assert ((cells == 0).all(axis=2) == np.isnan(values)).all()
    order = np.argsort(values[~np.isnan(values)], kind="stable")
    assert (np.diff(cells[~np.isnan(values)][order][:, 0].astype(int)) <= 0).all()  # the quicker, the brighter


@pytest.mark.parametrize("colours", ["viridis", "grey"])
def test_black_means_no_convergence_and_missing_cells_have_a_colour_of_their_own(tmp_path, colours):
    found = synthetic([1, 2, 3], [0.0, 0.5], [[10, 200, np.nan], [50, np.nan, np.nan]], trials=[[1, 1, 1], [1, 0, 1]])
    figure = map_figure(found, colours)
    shown = pixels(save(figure, tmp_path / "map.png"), figure)
    cells = shown[120::400, 120::240]
    light = cells.astype(float) @ [0.299, 0.587, 0.114]
    assert (cells[0, 2] == 0).all()
    assert (cells[1, 2] == 0).all()
    assert light[0, 0] > light[1, 0] > light[0, 1] > 40
    assert light[1, 1] > 100
    legend = [words.get_text() for words in figure.legends[0].get_texts()]
    assert legend == ["did not converge", "no trials"]


def test_a_rate_of_nought_is_black_and_the_bar_spans_0_to_100_percent(tmp_path):
    found = synthetic([1, 2], [0, 1], [[0, 0.2], [0.5, 0.9]], "converged", "flag", trials=50)
    figure = map_figure(found)
    shown = pixels(save(figure, tmp_path / "map.png"), figure)
    assert ((shown == 0).all(axis=2).mean(), (shown[:300, :300] == 0).all()) == (0.25, True)
    axes, bar = figure.axes
    assert bar.get_ylim() == (0, 1)
    assert bar.get_ylabel() == "share of seeds that converged"
    assert axes.get_title(loc="left") == "Share of seeds that converged\nshare over 50 seeds"


@pytest.mark.parametrize(
    ("values", "scale", "edges"),
    [
        ([0.0, 0.1, 0.2], "linear", (-0.05, 0.25)),
        ([0.01, 0.1, 1.0], "log", (0.01 / 10**0.5, 10**0.5)),
        ([1, 2, 3, 4, 8, 16], "log", (1 / 2**0.5, 16 * 2**0.5)),
        ([0.0, 0.5, 0.9], "linear", (-0.25, 1.1)),
        ([-3.0, 4.0], "linear", (-6.5, 7.5)),
        ([0.0, 0.001, 1.0], "linear", (-0.5, 2.5)),
        (["batch", "online"], "linear", (-0.5, 1.5)),
        ([5.0], "linear", (-0.5, 0.5)),
    ],
)
def test_axes_are_to_scale(values, scale, edges):
    axes = map_figure(synthetic(values, [0, 1], 1.0)).axes[0]
    assert axes.get_xscale() == scale
    assert axes.get_xlim() == pytest.approx(edges)
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == [value if isinstance(value, str) else f"{value:g}" for value in values]
    assert ("not to scale" in axes.get_xlabel()) == (0.001 in values)
    assert ("(log scale)" in axes.get_xlabel()) == (scale == "log")


def test_unevenly_spaced_values_stand_at_their_true_places(tmp_path):
    figure = map_figure(synthetic([0.0, 1.0, 4.0], [0, 1], [[1, np.nan, 3]]))
    shown = pixels(save(figure, tmp_path / "map.png"), figure)
    black = np.flatnonzero((shown[0] == 0).all(axis=1)) / shown.shape[1]
    assert (black.min(), black.max()) == pytest.approx((1 / 6, 3 / 6), abs=0.003)  # edges -0.5, 0.5, 2.5, 5.5


def test_words_of_the_field_and_units_are_on_the_picture(results):
    figure = draw_map(results, "learning_rate", "hidden", "final_loss", where=BATCH)
    assert isinstance(figure, Figure)
    axes, bar = figure.axes
    assert axes.get_xlabel() == "learning rate (log scale)"
    assert axes.get_ylabel() == "hidden units"
    assert bar.get_ylabel() == "mean squared error, mean over seeds (log scale)"
    title = axes.get_title(loc="left").replace("\n", " ")
    assert title == f"small: mean squared error mean over 20 seeds; where {BATCH}"
    weights = replace(synthetic([0, 1], [0, 1], 1.0), x="W1[0,1]", y="b1[2]")
    axes = map_figure(weights).axes[0]
    assert axes.get_xlabel() == "initial weight W1[0,1], input 0 to hidden unit 1"
    assert axes.get_ylabel() == "initial bias b1[2] of hidden unit 2"


def test_text_lies_inside_the_picture_and_apart(results):
    figure = draw_map(results, "learning_rate", "hidden", where=BATCH)
    figure.savefig(os.devnull, format="png")
    axes, bar = figure.axes
    boxes = [axes.title.get_window_extent(), axes._left_title.get_window_extent(), axes.xaxis.label.get_window_extent()]
    boxes += [axes.yaxis.label.get_window_extent(), bar.yaxis.label.get_window_extent()]
    boxes += [figure.legends[0].get_window_extent(), axes.bbox, bar.bbox]
    boxes += [tick.get_window_extent() for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    for number, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0
        assert box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:number] if box.width and other.width)


def test_grids_beyond_the_pixels_are_reduced_by_block_means(tmp_path, monkeypatch):
    monkeypatch.setattr("runner.maps.draw.MOST", 100)
    values = np.arange(250.0 * 3).reshape(3, 250)
    values[0, :3] = np.nan
    values[2, 0] = np.nan
    figure = map_figure(synthetic(np.linspace(0, 1, 250), [0, 1, 2], values))
    assert "reduced by means of 3 x 1 cells" in figure.axes[0].get_title(loc="left")
    shown = pixels(save(figure, tmp_path / "map.png"), figure)
    assert (shown[0] == 0).all(axis=1).sum() == shown.shape[1] // 84  # one block of 84 is all black
    assert not (shown[-1] == 0).all(axis=1).any()


def test_a_map_lies_beside_its_table_unless_said(tmp_path):
    (tmp_path / "trials.csv").touch()
    expected = tmp_path / "epochs_to_convergence_over_W1_0_1_and_hidden.png"
    assert default_out(tmp_path, "W1[0,1]", "hidden") == expected
    assert default_out(tmp_path / "trials.csv", "W1[0,1]", "hidden") == expected


@pytest.mark.parametrize("ending", ["pdf", "svg", "PNG"])
def test_other_formats_are_written(tmp_path, ending):
    figure = map_figure(synthetic([0, 1], [0, 1], [[1, 2], [3, np.nan]]))
    path = save(figure, tmp_path / "deeper" / f"map.{ending}")
    assert path.stat().st_size > 1000


def test_a_figure_saved_at_another_size_keeps_its_cells(tmp_path):
    figure = map_figure(synthetic([0, 1], [0, 1], [[1, np.nan], [np.nan, 1]]))
    figure.savefig(tmp_path / "map.png", dpi=60)
    black = (imread(tmp_path / "map.png")[..., :3] == 0).all(axis=2)
    left, bottom, width, height = figure.axes[0].bbox.bounds
    quarter = [
        black[::-1][round(0.6 * (bottom + y * height)), round(0.6 * (left + x * width))]
        for y in (0.25, 0.75)
        for x in (0.25, 0.75)
    ]
    assert quarter == [False, True, True, False]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module")
def test_four_million_trials_are_drawn_in_little_memory(tmp_path):
    size = 2000
    axis = np.linspace(-10, 10, size)
    x, y = np.repeat(axis, size), np.tile(axis, size)
    epochs = (10 * np.hypot(x, y)).astype(np.int64)
    columns = {
        "hidden": np.full(len(x), 2),
        "W1[0,1]": x,
        "W2[0,0]": y,
        "epochs_to_convergence": pa.array(epochs, mask=epochs > 90),
        "epochs_run": np.minimum(epochs, 90),
    }
    table = pa.table(columns)
    pyarrow.csv.write_csv(table, tmp_path / "trials.csv")
    program = (
        "import resource, sys\n"
        "from runner.maps.draw import draw_map\n"
        "import runner.maps.image\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "draw_map(sys.argv[1], 'W1[0,1]', 'W2[0,0]', out=sys.argv[2])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    command = [sys.executable, "-c", program, tmp_path / "trials.csv", tmp_path / "map.png"]
    home = Path(__file__).parents[3]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=home).stdout
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(printed) * unit < 600e6  # 250 to 400 MB; the table as a frame takes more, with or without its words
    shown = np.round(255 * imread(tmp_path / "map.png")[..., :3]).astype(np.uint8)
    black = (shown == 0).all(axis=2)
    assert black.sum() >= (epochs > 90).sum()
