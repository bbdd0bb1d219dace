import csv
import itertools
import math
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.experiment.reading import read
from runner.tables import cells
from runner.tables import trials as tables
from runner.tables.columns import OUTCOMES, answer_columns, fate_kinds, swept, trial_kinds
from runner.tables.trials import Batch, TrialsWriter

RULE = "1/sqrt(fan_in)"
EDGES = [math.nan, math.inf, -math.inf, -0.0, 0.0, 1.0, 3.0, -3.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-5, 1e-7]
EDGES += [1e15, 1e16, 1e21, 1e22, 123456789012345680.0, 2.0**53, 2.0**53 + 2, 1e30, 1.7976931348623157e308, 0.1, 1 / 3]
XOR = read({"name": "a", "task": "xor-constant"})
RULED = read({"name": "a", "task": "xor", "record": {"outputs": False}, "sweep": {"scale": [1, 1e-5, RULE]}})
EXPERIMENTS = [
    XOR,
    RULED,
    read(
        {
            "name": "a",
            "task": "xor",
            "sweep": [{"W1[0,1]": [-1, 0.5], "b2[0]": [0]}, {"seeds": 2}],
            "network": {"bias": True},
        }
    ),
    read(
        {"name": "a", "task": "exam", "sweep": {"bias": [True, False], "epochs": [1, 2], "objective": ["sse", "mse"]}}
    ),
    read(
        {"name": "a", "task": {"name": 'x, "y" é', "inputs": [[0], [1]], "targets": [[0, 1], [1, 0]], "probes": [[2]]}}
    ),
    read({"name": "a", "task": "xor", "record": {"fate": True}}),
]

reals = st.floats() | st.sampled_from(EDGES) | st.integers(-(10**18), 10**18).map(float)
WORDS = {"generator": ["mt19937", "pcg64"], "objective": ["sse", "mse"], "scale": [1.0, 1e-5, 0.1, RULE]}


def values(kind, key=""):
    """Values of one cell."""
    words = st.sampled_from(WORDS.get(key, ["a"]))
    whole = st.integers(0, 2**32 - 1)
    return {"whole": whole, "real": reals, "flag": st.booleans(), "word": words}[kind]


@st.composite
def batches(draw, experiment):
    """A batch of up to 30 trials, values running on as axes do."""
    count = draw(st.integers(0, 30))
    kinds, widths = trial_kinds(experiment), list(map(len, answer_columns(experiment)))

    def array(kind, width=(), key="", like=None):
        cells = st.lists(values(kind, key), min_size=count * math.prod(width), max_size=count * math.prod(width))
        return np.array(draw(cells), like).reshape(count, *width)

    def axis(key):
        some = draw(st.lists(values(kinds[key], key), min_size=1, max_size=4))
        kind = {"whole": np.int64, "real": np.float64, "flag": np.bool_, "word": object}[kinds[key]]
        return (
            np.array(some, kind)[np.sort(draw(st.lists(st.integers(0, len(some) - 1), min_size=count, max_size=count)))]
            if count
            else np.empty(0, kind)
        )

    return Batch(
        first=draw(st.integers(0, 10**12)),
        keys={key: axis(key) for key in swept(experiment)},
        seed=array("whole", like=np.int64),
        outcome=array("whole", like=np.int64).astype(np.uint8) % 3,
        epochs_to_convergence=array("whole", like=np.int64) - 1,
        epochs_run=array("whole", like=np.int64),
        holds_at_end=array("flag", like=np.bool_),
        final_loss=array("real", like=np.float64),
        max_error=array("real", like=np.float64),
        fates={name: array("real", like=np.float64) for name in fate_kinds(experiment)},
        outputs=array("real", (widths[0],), like=np.float64),
        probes=array("real", (widths[1],), like=np.float64),
    )


tables_of_trials = st.sampled_from(EXPERIMENTS).flatmap(
    lambda experiment: st.tuples(st.just(experiment), batches(experiment))
)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def write(path, experiment, *parts, kind="csv"):
    with TrialsWriter(path, experiment, kind) as writer:
        for part in parts:
            writer.write(part)
    return path


def cut(batch, start, stop):
    """Some rows of a batch, as copies."""

    def copied(value):
        if isinstance(value, dict):
            return {key: column[start:stop].copy() for key, column in value.items()}
        return value[start:stop].copy()

    rows = {f.name: copied(getattr(batch, f.name)) for f in fields(Batch) if f.name != "first"}
    return Batch(first=batch.first + start, **rows)


def expected(experiment, batch):
    """The table as Python values, column by column; None where empty."""
    count = len(batch.seed)
    answers = np.concatenate([batch.outputs, batch.probes], axis=1)
    columns = [
        [batch.first + row for row in range(count)],
        [experiment.task.name] * count,
        *(batch.keys[key].tolist() for key in swept(experiment)),
        batch.seed.tolist(),
        [OUTCOMES[code] for code in batch.outcome],
        [code == 0 for code in batch.outcome],
        [None if epochs < 0 else epochs for epochs in batch.epochs_to_convergence.tolist()],
        batch.epochs_run.tolist(),
        batch.holds_at_end.tolist(),
        batch.final_loss.tolist(),
        batch.max_error.tolist(),
        *(batch.fates[name].tolist() for name in fate_kinds(experiment)),
        *answers.T.tolist(),
    ]
    columns = [[None if isinstance(x, float) and not math.isfinite(x) else x for x in column] for column in columns]
    found = dict(zip(trial_kinds(experiment), columns, strict=True))
    if trial_kinds(experiment).get("scale") == "word":
        found["scale"] = [scale if isinstance(scale, str) else repr(scale) for scale in found["scale"]]
    return found


def bits(numbers):
    """Floats so that equality is that of their bits; None stays."""
    return [None if x is None or math.isnan(x) else float(x).hex() for x in numbers]


def real(text):
    """The float that a cell holds, None if empty; it must not look like an integer."""
    assert text == "" or "." in text or "e" in text, text
    return float(text) if text else None


PARSERS = {
    "whole": lambda text: int(text) if text else None,
    "real": real,
    "flag": {"true": True, "false": False}.__getitem__,
    "word": str,
}


@given(tables_of_trials)
@in_one_folder
def test_csv_reads_back_exactly_with_the_csv_module_and_float(tmp_path, table):
    experiment, batch = table
    path = write(tmp_path / "t.csv", experiment, batch)
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    kinds = trial_kinds(experiment)
    assert names == list(kinds)
    assert len(rows) == len(batch.seed)
    for (name, column), *texts in zip(expected(experiment, batch).items(), *rows, strict=True):
        found = [PARSERS[kinds[name]](text) for text in texts]
        assert (bits(found) == bits(column)) if kinds[name] == "real" else (found == column), name


@pytest.mark.filterwarnings("ignore:The 'float_precision' argument")  # pandas 3.1 does not need it any more
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=pytest.mark.skipif(pd.__version__ < "3.1", reason="was inexact by default")),
        {"float_precision": "round_trip"},
    ],
)
@given(table=tables_of_trials)
@in_one_folder
def test_csv_reads_back_exactly_with_pandas(tmp_path, table, options):
    experiment, batch = table
    kinds = trial_kinds(experiment)
    words = {name: str for name, kind in kinds.items() if kind == "word"}
    options |= {"keep_default_na": False, "na_values": [""], "dtype": words}
    frame = pd.read_csv(write(tmp_path / "t.csv", experiment, batch), **options)
    for name, column in expected(experiment, batch).items():
        if kinds[name] == "real":
            assert len(column) == 0 or frame[name].dtype == np.float64
            assert bits(frame[name]) == bits(column), name
        else:
            assert [None if x is None or x != x else x for x in frame[name]] == column, name


@given(tables_of_trials)
@in_one_folder
def test_parquet_reads_back_exactly(tmp_path, table):
    experiment, batch = table
    held = pq.read_table(write(tmp_path / "t.parquet", experiment, batch, kind="parquet"))
    kinds = trial_kinds(experiment)
    types = {"whole": "int64", "real": "double", "flag": "bool", "word": "string"}
    assert {field.name: str(field.type) for field in held.schema} == {name: types[kind] for name, kind in kinds.items()}
    for name, column in expected(experiment, batch).items():
        found = held[name].to_pylist()
        assert (bits(found) == bits(column)) if kinds[name] == "real" else (found == column), name


@given(tables_of_trials, st.lists(st.integers(0, 30)), st.sampled_from(["csv", "parquet"]), st.integers(1, 40))
@in_one_folder
def test_bytes_do_not_depend_on_how_rows_are_cut(tmp_path, table, places, kind, block):
    experiment, batch = table
    edges = [0, *sorted(places), len(batch.seed)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROWS", 7)
        at_once = write(tmp_path / "once", experiment, batch, kind=kind).read_bytes()
        patch.setattr(tables, "CELLS", block)
        parts = [cut(batch, *edge) for edge in itertools.pairwise(edges)]
        apart = write(tmp_path / "apart", experiment, *[p for p in parts if len(p.seed)], kind=kind).read_bytes()
    assert at_once == apart


@settings(deadline=None)
@given(tables_of_trials, st.integers(1, 40))
def test_lines_do_not_depend_on_the_size_of_their_blocks(table, block):
    _, batch = table
    columns = [
        cells.column(batch.final_loss, "real"),
        cells.column(batch.seed, "whole"),
        cells.runs(batch.max_error, "real"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        at_once = bytes(cells.lines(columns))
        patch.setattr(cells, "CELLS", block)
        assert bytes(cells.lines(columns)) == at_once
    assert at_once.count(b"\n") == len(batch.seed)


def two_trials(experiment, **changes):
    outputs, probes = answer_columns(experiment)
    batch = Batch(
        first=7,
        keys={"hidden": np.array([4, 4]), "learning_rate": np.array([0.5, 2.0])},
        seed=np.array([0, 2**32 - 1]),
        outcome=np.array([0, 2], np.uint8),
        epochs_to_convergence=np.array([12, -1]),
        epochs_run=np.array([1500, 3]),
        holds_at_end=np.array([True, False]),
        final_loss=np.array([1e-5, math.nan]),
        max_error=np.array([0.25, math.inf]),
        fates={},
        outputs=np.resize([[0.0, 1.0, -0.0, 1e22]], (2, len(outputs))),
        probes=np.full((2, len(probes)), 0.5),
    )
    return replace(batch, **changes)


def test_a_table_is_these_bytes(tmp_path):
    path = write(tmp_path / "t.csv", XOR, two_trials(XOR))
    assert path.read_text() == (
        "trial,task,hidden,learning_rate,seed,outcome,converged,epochs_to_convergence,epochs_run,holds_at_end,"
        "final_loss,max_error,output_0,output_1,output_2,output_3\n"
        "7,xor-constant,4,0.5,0,converged,true,12,1500,true,0.00001,0.25,0.0,1.0,-0.0,1e+22\n"
        "8,xor-constant,4,2.0,4294967295,diverged,false,,3,false,,,0.0,1.0,-0.0,1e+22\n"
    )


@pytest.mark.parametrize(
    "number", [sign * 10.0**power for power in range(25) for sign in (1, -1)] + [999999.0, 1048577.0]
)
def test_whole_numbers_of_every_magnitude_are_floats(number):
    text = bytes(cells.lines([cells.column([number], "real")])).decode().removesuffix("\n")
    assert real(text) == number


def test_float32_is_widened(tmp_path):
    loss = np.array([0.1, 1.0], np.float32)
    path = write(tmp_path / "t.csv", XOR, two_trials(XOR, final_loss=loss))
    with path.open(newline="") as file:
        assert [float(row["final_loss"]) for row in csv.DictReader(file)] == [float(np.float32(0.1)), 1.0]


def test_a_swept_rule_is_written_alike_whatever_holds_it(tmp_path):
    experiment = RULED
    keys = {"hidden": np.array([4, 4]), "learning_rate": np.array([1.0, 1.0])}
    found = set()
    for scale in (np.array([1.0, 1e-5]), np.array([1.0, 1e-5], object), np.array([1, 1e-5], object)):
        batch = two_trials(experiment, keys=keys | {"scale": scale})
        found.add(write(tmp_path / "t.csv", experiment, batch).read_bytes())
    assert len(found) == 1


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
@pytest.mark.parametrize("last", [0.25, 1.0, -0.0, np.nan])
def test_cells_that_are_the_same_in_all_rows_are_like_others(rows, last):
    alike = {
        "7": cells.column(np.full(rows, 7), "whole"),
        "": cells.column(np.full(rows, -1), "whole"),
        '"a,b"': cells.coded(np.ones(rows), ["c", "a,b", "d"]),
        "true": cells.column(np.ones(rows, np.bool_), "flag"),
        "-0.0": cells.runs(np.full(rows, -0.0), "real"),
        "1e+22": cells.column(np.full(rows, 1e22), "real"),
        "word": cells.column(["word"] * rows, "word"),
    }
    for middle in ([0, 1, 1], [1, 0, 0], [1, 1, 1]):
        reals = np.array([0.0, 0.0, last])[3 - rows :]
        flags = np.array(middle[:rows], np.bool_)
        columns = [*alike.values(), cells.column(flags, "flag"), cells.column(reals, "real"), *alike.values()]
        of_all = ",".join(alike)
        expected = [
            f"{of_all},{str(flag).lower()},{'' if real != real else repr(real)},{of_all}\n"
            for flag, real in zip(flags.tolist(), reals.tolist(), strict=True)
        ]
        assert bytes(cells.lines(columns)).decode() == "".join(expected)


def test_a_run_ends_where_the_sign_of_zero_changes():
    text = bytes(cells.lines([cells.runs(np.array([0.0, 0.0, -0.0, 0.0]), "real")]))
    assert text == b"0.0\n0.0\n-0.0\n0.0\n"


def test_parquet_row_groups_have_one_size(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 3)
    parts = [replace(two_trials(XOR), first=first) for first in range(0, 8, 2)]
    file = pq.ParquetFile(write(tmp_path / "t.parquet", XOR, *parts, kind="parquet"))
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [3, 3, 2]


def test_answers_of_another_width_are_refused(tmp_path):
    with TrialsWriter(tmp_path / "t.csv", XOR) as writer, pytest.raises(ValueError, match="wide"):
        writer.write(two_trials(XOR, outputs=np.zeros((2, 5))))


def test_a_table_without_trials_is_its_header(tmp_path):
    assert write(tmp_path / "t.csv", XOR).read_text().count("\n") == 1
    assert pq.read_table(write(tmp_path / "t.parquet", XOR, kind="parquet")).num_rows == 0
