import math
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from runner.errors import RunnerError
from runner.experiment.reading import read, whole
from runner.tables.columns import OUTCOMES, SUMMARY, trial_kinds
from runner.tables.loading import check_contents, load, typed_trials
from runner.tables.manifest import digest, write_manifest
from runner.tables.streaming import stream
from runner.tables.summary import SummaryWriter, summarise
from tests.runner.tables.test_manifest import STARTED
from tests.runner.tables.test_trials import bits, expected, in_one_folder, tables_of_trials, two_trials, write

XOR = read({"name": "a", "task": "xor-constant", "sweep": {"learning_rate": [0.5, 2]}})
RULE = "1/sqrt(fan_in)"


def folder_of_results(folder, kind="csv", scale=None):
    """Two trials, each a configuration; the hash of the first looks like a number."""
    sweep = {"learning_rate": [0.5, 2]} | ({} if scale is None else {"scale": list(scale)})
    experiment = read({"name": "a", "task": "xor-constant", "sweep": sweep})
    keys = {"hidden": np.array([4, 4]), "learning_rate": np.array([0.5, 2.0])}
    keys |= {} if scale is None else {"scale": np.array(scale, object)}
    batch = two_trials(experiment, first=0, keys=keys)
    folder.mkdir(exist_ok=True)
    write(folder / f"trials.{kind}", experiment, batch, kind=kind)
    found = summarise(np.arange(2), batch.outcome, batch.epochs_to_convergence, batch.final_loss, 2)
    summary = SummaryWriter(folder / "summary.csv", keys)
    summary.write(["012345678901", "123456789e10"], keys, found)
    summary.close()
    write_manifest(
        folder,
        spec=whole(experiment),
        axes={},
        counts={"configurations": 2, "trials": 2},
        kernel_hash="0",
        cpu={},
        files={name: digest(folder / name) for name in (f"trials.{kind}", "summary.csv")},
        started=STARTED,
        wall_seconds=1.0,
        jobs=1,
        backend="threads",
    )
    return folder


DTYPES = {"whole": "int64", "real": "float64", "flag": "bool", "word": "category"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@given(table=tables_of_trials)
@in_one_folder
def test_trials_come_back_exactly_and_typed(tmp_path, table, kind):
    experiment, batch = table
    frame = load(write(tmp_path / f"t.{kind}", experiment, batch, kind=kind)).trials
    kinds, columns = trial_kinds(experiment), expected(experiment, batch)
    if kinds.get("scale") == "word" and RULE not in columns["scale"]:
        kinds["scale"], columns["scale"] = "real", [float(scale) for scale in columns["scale"]]
    assert list(frame) == list(kinds)
    for name, column in columns.items():
        if name == "epochs_to_convergence":
            assert frame[name].dtype == "Int64"
            assert [None if x is pd.NA else x for x in frame[name]] == column
        else:
            assert frame[name].dtype == DTYPES[kinds[name]], name
            found = frame[name].tolist()
            assert (bits(found) == bits(column)) if kinds[name] == "real" else (found == column), name
    assert tuple(frame["outcome"].cat.categories) == OUTCOMES


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_has_trials_summary_configurations_and_manifest(tmp_path, kind):
    folder = folder_of_results(tmp_path / "a", kind)
    found = load(folder)
    assert found.path == folder
    assert found.trials["learning_rate"].tolist() == [0.5, 2.0]
    assert found.manifest["backend"] == "threads"
    assert list(found.summary) == ["configuration", "hidden", "learning_rate", *SUMMARY]
    assert found.summary["configuration"].tolist() == ["012345678901", "123456789e10"]
    assert found.summary["converged"].tolist() == [1, 0]
    assert found.summary["epochs_q50"].dtype == "Int64"
    assert found.summary["epochs_q50"].isna().tolist() == [False, True]
    assert found.summary["loss_q50"].dtype == "float64"
    assert found.configurations.equals(found.summary[["configuration", "hidden", "learning_rate"]])


def test_a_table_in_its_folder_brings_the_others_along(tmp_path):
    folder = folder_of_results(tmp_path / "a")
    found = load(str(folder / "trials.csv"))
    assert found.summary is not None
    assert found.manifest is not None


def test_a_table_of_another_name_comes_alone_with_the_keys_of_its_configurations(tmp_path):
    folder = folder_of_results(tmp_path / "a")
    write(folder / "mine.csv", XOR, two_trials(XOR), two_trials(XOR, first=9))
    found = load(folder / "mine.csv")
    assert (found.summary, found.manifest) == (None, None)
    assert found.configurations["configuration"].isna().tolist() == [True, True]
    assert found.configurations[["hidden", "learning_rate"]].to_numpy().tolist() == [[4, 0.5], [4, 2.0]]


@pytest.mark.parametrize(("scale", "dtype"), [((1.0, 0.5), "float64"), ((1.0, RULE), "category")])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_swept_scale_is_a_number_unless_a_rule_is_among_its_values(tmp_path, kind, scale, dtype):
    found = load(folder_of_results(tmp_path / "a", kind, scale))
    for frame in (found.trials, found.summary, found.configurations):
        assert frame["scale"].dtype == dtype
        assert frame["scale"].tolist() == (list(scale) if dtype == "float64" else ["1.0", RULE])


def test_the_listed_table_is_loaded_beside_an_old_one(tmp_path):
    folder = folder_of_results(tmp_path / "a", "parquet")
    write(folder / "trials.csv", XOR, two_trials(XOR, first=99))
    assert load(folder).trials["trial"].tolist() == [0, 1]
    (folder / "manifest.json").unlink()
    assert load(folder).trials["trial"].tolist() == [99, 100]


def test_more_columns_than_ours_are_kept(tmp_path):
    folder = folder_of_results(tmp_path / "a")
    lines = (folder / "trials.csv").read_text().splitlines()
    text = "\r\n".join([f"{lines[0]},remark", *(f"{line},fine" for line in lines[1:])]) + "\r\n"
    (tmp_path / "mine.csv").write_bytes(text.encode("utf-8-sig"))  # as a spreadsheet saves it
    frame = load(tmp_path / "mine.csv").trials
    assert frame["remark"].tolist() == ["fine", "fine"]
    assert frame["trial"].tolist() == [0, 1]


def test_a_table_that_pandas_merged_and_wrote_is_read(tmp_path):
    first = pd.read_csv(write(tmp_path / "t.csv", XOR, two_trials(XOR)))
    merged = pd.concat([first, first.assign(momentum=0.5, epochs=30, bias=True, update="batch")])
    merged.to_csv(tmp_path / "merged.csv", quoting=1)  # an index without a name, 3.0 for 3, True for true
    frame = load(tmp_path / "merged.csv").trials
    assert frame["epochs_to_convergence"].dtype == frame["epochs"].dtype == "Int64"
    assert frame["bias"].dtype == "boolean"
    assert frame["epochs"].isna().tolist() == [True, True, False, False]
    assert frame["trial"].tolist() == [7, 8, 7, 8]
    assert frame["converged"].tolist() == first["converged"].tolist() * 2
    epochs = next(stream(tmp_path / "merged.csv").read(["epochs_to_convergence"])).column(0).to_pylist()
    assert epochs == [None if x is pd.NA else x for x in frame["epochs_to_convergence"]]


def test_a_parquet_file_that_pandas_wrote_of_a_loaded_table_is_read(tmp_path):
    frame = load(write(tmp_path / "t.csv", XOR, two_trials(XOR))).trials
    frame.to_parquet(tmp_path / "t.parquet")
    assert load(tmp_path / "t.parquet").trials.equals(frame)


@pytest.mark.parametrize("scale", [(1.0, 0.5), (1.0, RULE)])
def test_a_frame_is_typed_as_load_types_it(tmp_path, scale):
    path = folder_of_results(tmp_path / "a", scale=scale) / "trials.csv"
    plain = pd.read_csv(path)
    assert typed_trials(plain).equals(load(path).trials)
    assert typed_trials(load(path).trials).equals(load(path).trials)
    shown = typed_trials(plain.assign(converged=plain["converged"].astype(str), mine=[[1], {}]))
    assert shown["converged"].tolist() == plain["converged"].tolist()
    assert shown["mine"].tolist() == [[1], {}]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"outcome": "exploded"}, "mine: column outcome holds other words"),
        ({"seed": "x"}, "mine: is no table of trials"),
        ({"hidden": 2.5}, "2.5"),
        ({"converged": None}, "column converged has empty cells"),
    ],
)
def test_a_frame_that_is_none_of_ours_is_refused(tmp_path, change, reason):
    plain = pd.read_csv(write(tmp_path / "t.csv", XOR, two_trials(XOR)))
    with pytest.raises(RunnerError, match=reason):
        typed_trials(plain.assign(**change), "mine")
    with pytest.raises(RunnerError, match="no column seed"):
        typed_trials(plain.drop(columns="seed"))


def test_contents_are_held_against_the_manifest(tmp_path):
    folder = folder_of_results(tmp_path / "a")
    manifest = load(folder).manifest
    check_contents(folder, manifest, "trials.csv")
    text = (folder / "trials.csv").read_text()
    (folder / "trials.csv").write_text(text.replace("0.5", "0.6"))
    with pytest.raises(RunnerError, match="SHA-256"):
        check_contents(folder, manifest, "trials.csv")


def test_rows_of_megabytes_are_read(tmp_path):
    wide = {"inputs": [[0]] * 100_000, "targets": [[1]] * 100_000}
    experiment = read({"name": "a", "task": wide})
    outputs = np.random.default_rng(0).random((2, 100_000))
    frame = load(write(tmp_path / "t.csv", experiment, two_trials(experiment, outputs=outputs))).trials
    assert (frame[[f"output_{sample}" for sample in range(100_000)]].to_numpy() == outputs).all()


def refusal(path):
    with pytest.raises(RunnerError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_what_is_not_there_is_refused(tmp_path):
    assert "no such file or folder" in refusal(tmp_path / "none")
    assert "no trials.csv" in refusal(tmp_path)
    (tmp_path / "unfinished").mkdir()
    assert "carries on" in refusal(tmp_path)


def broken(text):
    lines = text.splitlines(keepends=True)
    yield "", "no column"
    yield "a,b\n1,2\n", "no column"
    yield text.removesuffix("\n"), "cut off"
    yield lines[0] + lines[1].rpartition(",")[0] + "\n", "Expected 16 columns"
    yield text.replace("diverged", "exploded"), "other words"
    yield text.replace(",2.0,", ",two,"), "two"
    yield text.replace("8,xor", "8.5,xor"), "8.5"
    yield text.replace("8,xor", ",xor"), "trial has empty cells"
    yield text.replace("output_0", "output_1"), "two columns output_1"
    yield "\0" * 100 + "\n", "no column"
    yield text.replace("xor", "\udcff"), "cannot be read"


@pytest.mark.parametrize("case", range(11))
@pytest.mark.parametrize("name", ["t.csv", "trials.csv"])
def test_a_damaged_or_foreign_table_is_refused(tmp_path, case, name):
    path = write(tmp_path / name, XOR, two_trials(XOR))
    text, reason = list(broken(path.read_text()))[case]
    path.write_text(text, errors="surrogateescape", newline="")
    assert reason in refusal(path)


def test_a_foreign_parquet_file_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"a,b\n")
    assert "cannot be read" in refusal(tmp_path / "t.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "t.parquet")
    assert "no column" in refusal(tmp_path / "t.parquet")
    pd.DataFrame({name: ["x"] for name in trial_kinds(XOR)}).to_parquet(tmp_path / "t.parquet")
    assert "cannot be read" in refusal(tmp_path / "t.parquet")


def test_a_folder_whose_files_are_not_those_of_its_manifest_is_refused(tmp_path):
    folder = folder_of_results(tmp_path / "a")
    write(folder / "trials.csv", XOR, replace(two_trials(XOR), first=10**6))
    with pytest.raises(RunnerError, match="not what manifest"):
        load(folder)
    assert load(folder / "trials.csv").trials["trial"].tolist() == [10**6, 10**6 + 1]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions that hold")
def test_an_unreadable_table_is_refused(tmp_path):
    path = write(tmp_path / "t.csv", XOR, two_trials(XOR))
    path.chmod(0)
    assert "Permission" in refusal(path)


def test_empty_cells_of_reals_are_nan(tmp_path):
    frame = load(write(tmp_path / "t.csv", XOR, two_trials(XOR))).trials
    assert frame["final_loss"].tolist()[0] == 1e-5
    assert math.isnan(frame["final_loss"][1])
    assert math.isnan(frame["max_error"][1])
