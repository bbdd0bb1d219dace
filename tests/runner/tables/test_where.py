import numpy as np
import pandas as pd
import pytest

from runner.errors import RunnerError
from runner.tables.where import Comparison, parse, select

FRAME = pd.DataFrame(
    {
        "momentum": [0.0, 0.5, 0.9, 0.5, np.nan],
        "hidden": [2, 3, 4, 5, 6],
        "update": pd.Categorical(["batch", "online", "batch", "batch", "online"]),
        "stop": [True, False, True, False, True],
        "epochs_to_convergence": pd.array([1, None, 3, 4, None], "Int64"),
        "W1[0,1]": [-1.0, -0.5, 0.0, 0.5, 1.0],
        "scale": ["0.5", "1.0", "1/sqrt(fan_in)", "0.5", "2.0"],
        "label": ["a and b", 'say "x"', "c", "", "d"],
    }
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("momentum == 0.5", [1, 3]),
        ("momentum==.5 and hidden>=5", [3]),
        ("momentum != 0.5", [0, 2]),
        ("momentum <= 5e-1", [0, 1, 3]),
        ("hidden < 4", [0, 1]),
        ("hidden > 4.5", [3, 4]),
        ("hidden == 3.0", [1]),
        ('update == "batch"', [0, 2, 3]),
        ("update != 'batch'", [1, 4]),
        ("stop == true and hidden != 4", [0, 4]),
        ("stop != true", [1, 3]),
        ("epochs_to_convergence > 1", [2, 3]),
        ("epochs_to_convergence != 1", [2, 3]),
        ("W1[0,1] > 0", [3, 4]),
        ("W1[0, 1] >= -0.5 and 'W1[0,1]' < 0.5", [1, 2]),
        ("`W1[0,1]` == 1", [4]),
        ('scale == "1/sqrt(fan_in)"', [2]),
        ("scale == 0.5", [0, 3]),
        ("scale > 0.5", [1, 4]),
        ('label == "a and b"', [0]),
        ("label == 'say \"x\"'", [1]),
        ('label == ""', [3]),
        ("", [0, 1, 2, 3, 4]),
        ("hidden > 100", []),
    ],
)
def test_rows_that_every_comparison_holds_for(text, rows):
    assert np.flatnonzero(select(FRAME, text)).tolist() == rows
    assert np.flatnonzero(select({name: FRAME[name] for name in FRAME}, parse(text))).tolist() == rows


def test_columns_of_numpy_arrays_do():
    table = {"a": np.array([1, 2, 3]), "b": np.array([True, False, True]), "c": np.array(["x", "y", "x"])}
    assert select(table, 'a > 1 and b == true and c == "x"').tolist() == [False, False, True]


def test_a_table_without_rows_has_none_to_choose():
    assert select(FRAME[:0], 'momentum == 0.5 and update == "batch" and scale == 1').tolist() == []


def test_a_column_without_values_fits_nothing():
    assert select({"a": np.full(3, np.nan), "b": pd.array([None] * 3, "Int64")}, "a != 1 and b != 1").sum() == 0


def test_whole_numbers_are_compared_exactly():
    assert select({"a": np.array([2**53, 2**53 + 1])}, f"a == {2**53 + 1}").tolist() == [False, True]
    assert select({"a": np.array([1, 2])}, f"a < {2**70}").all()


def test_parsing_gives_columns_operators_and_values():
    assert parse('"W1[0,1]" >= -1.5e3 and b == FALSE_ and c == 1'.replace("FALSE_", "false")) == (
        Comparison("W1[0,1]", ">=", -1500.0),
        Comparison("b", "==", False),
        Comparison("c", "==", 1),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("momentun == 0.5", "there is no column momentun; did you mean momentum?"),
        ("momentum = 0.5", "equality is written =="),
        ("momentum == 0.5 or hidden == 2", "and, or the end, should stand at 'or hidden == 2'"),
        ("momentum == 0.5 and", "a column should stand at its end"),
        ("momentum ==", "should stand at its end"),
        ("momentum", "one of == != < <= > >= should stand at its end"),
        ("0.5 == momentum", "a column should stand at"),
        ("update == batch", 'text stands in quotes: "batch"'),
        ("momentum == nan", "nan is no number"),
        ("momentum == 1_0", "1_0 is no number"),
        ("momentum == hidden", "hidden is no number"),
        ("__import__('os') == 1", "should stand at"),
        ('momentum == "0.5"', "momentum holds numbers"),
        ("momentum == true", "momentum holds numbers"),
        ("update == 1", "update holds words"),
        ("stop == 1", "stop holds true or false"),
        ('update < "batch"', "by == or != only"),
        ("stop > true", "by == or != only"),
        ("momentum == 0.5 == 1", "and, or the end, should stand"),
        ("momentum 0.5", "should stand at '0.5'"),
        ('update == "batch', "should stand at"),
        ("hidden == 1\x00", "is no number"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(RunnerError) as refusal:
        select(FRAME, text)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert refusal.value.exit_code == 2
