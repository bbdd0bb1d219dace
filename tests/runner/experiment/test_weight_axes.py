import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import RunnerError
from runner.experiment.reading import read, whole
from runner.experiment.weight_axes import parsed
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.tables.loading import load
from tests.runner.running import swept

NET = {"name": "w", "task": "encoder-3", "network": {"hidden": 2}, "training": {"epochs": 2}}
SHAPES = {"W1": (3, 2), "b1": (2,), "W2": (2, 3), "b2": (3,)}
GIVEN = {"distribution": "given", "W1": [[0.0, 1.0]] * 3, "b1": [2.0, 3.0], "W2": [[4.0] * 3] * 2, "b2": [5.0] * 3}


def initial(content):
    """The initial weights of every trial, and what was swept beside them."""
    laid_out = plan(read(content))
    weights, values = [], []
    for chunk in chunks(laid_out):
        work = engine.work(laid_out, chunk)
        rows = engine.initial_weights(work)
        weights += list(zip(chunk.trials, rows, strict=True))
        values += [{key: column[row] for key, column in work.values.items()} for row in range(len(rows))]
    order = np.argsort([trial for trial, _ in weights])
    return np.array([weights[row][1] for row in order]), [values[row] for row in order]


def place(key):
    """Where a weight stands among those of a network in a row."""
    name, row, column = parsed(key)
    before = list(SHAPES)[: list(SHAPES).index(name)]
    return sum(int(np.prod(SHAPES[earlier])) for earlier in before) + row * SHAPES[name][-1] + column


KEYS = [f"{name}[{','.join(map(str, index))}]" for name, shape in SHAPES.items() for index in np.ndindex(shape)]
inits = st.sampled_from(
    [
        {},
        {"distribution": "normal", "order": ["b2", "W1.T", {"skip": 3}, "W2", "b1"]},
        {"generator": "pcg64", "scale": "1/sqrt(fan_in)"},
        {"scale": 0.5},
        GIVEN,
    ]
)


@settings(deadline=None)
@given(init=inits, axes=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
def test_the_weights_named_are_replaced_and_nothing_else(init, axes):
    seeds = 1 if init is GIVEN else 5
    base, _ = initial(NET | {"init": init, "sweep": {"seeds": seeds}})
    weights, values = initial(NET | {"init": init, "sweep": {"seeds": seeds, **{key: [-9.25, 7.5] for key in axes}}})
    assert len(weights) == seeds * 2 ** len(axes)
    if init is GIVEN:
        assert base.tolist() == [[0, 1] * 3 + [2, 3] + [4] * 6 + [5] * 3]
    for trial, (row, swept_values) in enumerate(zip(weights, values, strict=True)):
        expected = base[trial % seeds].copy()
        for key in axes:
            expected[place(key)] = swept_values[key]
        assert row.tobytes() == expected.tobytes()


def test_a_grid_without_the_axis_has_the_weight_as_drawn(tmp_path):
    grids = [{"seeds": 2, "W1[0,1]": [0.25, -3]}, {"seeds": 3, "W2[1,0]": [1.5]}, {"seeds": 2}]
    weights, _ = initial(NET | {"sweep": grids})
    drawn, _ = initial(NET | {"sweep": {"seeds": 3}})
    expected = drawn[[0, 1, 0, 1, 0, 1, 2, 0, 1]]
    expected[:4, place("W1[0,1]")] = [0.25, 0.25, -3, -3]
    expected[4:7, place("W2[1,0]")] = 1.5
    assert weights.tobytes() == expected.tobytes()

    folder = swept(NET | {"sweep": grids}, tmp_path)
    with (folder / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["W1[0,1]"] for row in rows] == ["0.25", "0.25", "-3.0", "-3.0"] + [""] * 5
    assert [row["W2[1,0]"] for row in rows] == [""] * 4 + ["1.5"] * 3 + [""] * 2
    found = load(folder)
    assert found.trials["W1[0,1]"].isna().sum() == 5
    assert found.summary[["W1[0,1]", "W2[1,0]"]].isna().to_numpy().tolist() == [[False, True]] * 2 + [
        [True, False],
        [True, True],
    ]
    assert found.summary["configuration"].is_unique
    assert found.summary["trials"].tolist() == [2, 2, 3, 2]


def test_headers_are_quoted_and_read_back(tmp_path):
    folder = swept(NET | {"sweep": {"W1[0,1]": [1], "b1[0]": [2], "seeds": 1}}, tmp_path)
    for name in ("trials.csv", "summary.csv"):
        header = (folder / name).read_text().splitlines()[0]
        assert ',"W1[0,1]",b1[0],' in header
        frame = pd.read_csv(folder / name)
        assert frame[["W1[0,1]", "b1[0]"]].to_numpy().tolist() == [[1.0, 2.0]]


def test_a_weight_axis_has_points_and_is_written_back():
    points = {"start": -10, "stop": 10, "num": 5}
    experiment = read(NET | {"sweep": {"W2[0,2]": points}})
    assert experiment.grids[0].axes[0].values == (-10.0, -5.0, 0.0, 5.0, 10.0)
    assert read(whole(experiment)) == experiment


REFUSED = [
    ({"W1[3,0]": [1]}, {}, "W1 is 3 x 2"),
    ({"W1[0,2]": [1]}, {}, "W1 is 3 x 2"),
    ({"W2[2,0]": [1]}, {}, "W2 is 2 x 3"),
    ({"b1[2]": [1]}, {}, "b1 is 2"),
    ({"b2[3]": [1]}, {}, "b2 is 3"),
    ({"W1[0,1]": [1], "hidden": [1, 2]}, {}, "W1 is 3 x 1"),
    ({"b1[0]": [1]}, {"bias": False}, "network.bias = false"),
    ({"b2[0]": [1], "bias": [True, False]}, {}, "bias"),
    ({"W1[0, 1]": [1]}, {}, '"W1[0,1]"'),
    ({"W1[01,1]": [1]}, {}, '"W1[0,1]"'),
    ({"W1[0]": [1]}, {}, '"W1[0,1]"'),
    ({"b1[0,0]": [1]}, {}, '"b1[0]"'),
    ({"W3[0,0]": [1]}, {}, "axis"),
    ({"W1": [1]}, {}, "cannot be an axis"),
    ({"W1[0,1]": [1, 1.0]}, {}, "twice"),
    ({"W1[0,1]": ["a"]}, {}, "number"),
    ({"W1[0,1]": [float("nan")]}, {}, "finite"),
    ({"W1[0,1]": 1}, {}, "list"),
]


@pytest.mark.parametrize(("sweep", "network", "says"), REFUSED)
def test_what_names_no_weight_is_refused(sweep, network, says):
    with pytest.raises(RunnerError) as caught:
        read(NET | {"network": {"hidden": 2, **network}, "sweep": sweep})
    assert says in str(caught.value)
    assert next(iter(sweep)) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", KEYS)
def test_keys_are_parsed(key):
    name, row, column = parsed(key)
    assert key in (f"{name}[{row},{column}]", f"{name}[{column}]")


@pytest.mark.parametrize(
    "key", ["W1", "W1[0,1] ", " W1[0,1]", "W1[0,1]\n", "w1[0,1]", "W1[-1,0]", "b3[0]", "W1[٣,0]", ""]
)
def test_what_is_no_key_is_not_parsed(key):
    assert parsed(key) is None


def test_a_map_of_40_000_configurations_is_swept(tmp_path):
    points = {"start": -10.0, "stop": 9.9, "num": 200}
    content = {"name": "map", "task": "xor", "network": {"hidden": 2, "bias": True}, "training": {"epochs": 5}}
    content |= {"convergence": {"metric": "classification"}, "record": {"outputs": False}}
    found = load(swept(content | {"sweep": {"W1[0,0]": points, "b2[0]": points, "seeds": 1}}, tmp_path, jobs=2))
    assert len(found.trials) == len(found.summary) == 40_000
    assert found.summary["configuration"].is_unique
    axis = found.trials["W1[0,0]"].to_numpy().reshape(200, 200)
    assert (axis == axis[:, :1]).all()
    assert axis[:, 0].tolist() == [round(-10 + k / 10, 1) for k in range(200)]
    assert found.trials["b2[0]"].tolist() == 200 * axis[:, 0].tolist()
