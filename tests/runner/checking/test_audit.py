import csv
import hashlib
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from runner.checking import audit_beside, audit_cells, audit_pass
from runner.checking.audit import audit
from runner.commands import app
from runner.errors import RunnerError
from tests.runner.running import MIXED, swept

EVERYTHING = {
    "name": "everything",
    "task": "xor",
    "training": {"epochs": 20},
    "convergence": {"threshold": 0.25, "stop": True},
    "record": {"weights": True, "curve": [0, 1, 5, 20], "fate": True, "probes": [[0.5, 0.5]]},
    "sweep": {
        "seeds": [3, 1, 8, 5],
        "precision": ["float64", "float32"],
        "W1[0,1]": [0.5, -0.25],
        "scale": ["1/sqrt(fan_in)", 0.5],
        "bias": [True, False],
    },
}
PLAIN = {"name": "plain", "task": "and", "training": {"epochs": 5}, "sweep": {"seeds": 40, "hidden": [2, 3]}}

AWKWARD = {  # a name to be quoted, numbers that overflow, weights that only one grid sets, empty cells
    "name": "awkward",
    "task": {"name": 'a "b", c', "inputs": [[0.0, 1.0], [1.0, 1e20]], "targets": [[1e20], [0.0]]},
    "training": {"epochs": 9},
    "record": {"weights": True, "curve": [0, 3]},
    "sweep": [
        {"seeds": [9, 2], "learning_rate": [1e-3, 1e25], "epochs": [0, 1, 9]},
        {"seeds": {"first": 7, "count": 4}, "hidden": [1, 2], "b1[0]": [-0.0, 1e30]},
    ],
}


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory):
    """Folders of results by name, and by format."""
    folders = {}
    for content in (EVERYTHING, MIXED, PLAIN, AWKWARD):
        for form in ("csv", "parquet"):
            place = tmp_path_factory.mktemp("results")
            folders[content["name"], form] = swept(content, place, format=form)
    return folders


@pytest.fixture
def copied(sweeps, tmp_path):
    """A copy that may be damaged."""
    return lambda name, form="csv": shutil.copytree(sweeps[name, form], tmp_path / f"{name}-{form}")


def repaired(folder):
    """Let the manifest say what the files are."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        entry |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def lines(folder, name="trials.csv"):
    return (folder / name).read_text().splitlines(keepends=True)


def rewritten(folder, rows, name="trials.csv"):
    (folder / name).write_text("".join(rows))


def with_cell(folder, row, column, change, name="trials.csv"):
    """Change a cell as text; what it was and is."""
    with (folder / name).open(newline="") as file:
        table = list(csv.reader(file))
    at = table[0].index(column)
    before, table[row + 1][at] = table[row + 1][at], change(table[row + 1][at])
    with (folder / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    return before, table[row + 1][at]


def other(cell):
    """A cell with one character changed: a digit where it has some."""
    words = {"true": "false", "false": "true", "float64": "float32", "float32": "float64", "1/sqrt(fan_in)": "0.25"}
    words |= {"converged": "diverged", "not-converged": "converged", "xor": "xnor", "": "7"}
    if cell in words:
        return words[cell]
    at = max(place for place, sign in enumerate(cell.partition("e")[0]) if sign.isdigit())
    return f"{cell[:at]}{(int(cell[at]) + 1) % 10}{cell[at + 1 :]}"


def checks(found):
    return {finding.check for finding in found.findings}


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["everything", "mixed", "plain", "awkward"])
def test_untouched_results_hold(sweeps, name, form):
    found = audit(sweeps[name, form], all=True)
    assert found.findings == ()
    assert (found.holds, found.wrong, found.most_wrong) == (True, 0, 0)
    assert found.sampled == found.rerun == found.rows
    assert "re-run, all bit for bit the same" in str(found)


def test_a_sample_of_a_union_of_grids_holds(sweeps):
    found = audit(sweeps["mixed", "csv"], sample=50, seed=7)
    assert (found.holds, found.sampled, found.rerun, found.rows) == (True, 50, 50, 390)
    assert 0 < found.most_wrong < 390 * 0.06
    assert "50 of 390 rows re-run (--seed 7), all bit for bit the same: with 95 % confidence at most" in str(found)


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["everything", "mixed"])
def test_results_that_are_read_and_run_in_many_pieces_hold(sweeps, monkeypatch, name, form):
    monkeypatch.setattr(audit_cells, "_BLOCK", 1)
    monkeypatch.setattr(audit_cells, "_ROWS", 13)
    monkeypatch.setattr(audit_pass, "_WAITING", 17)
    monkeypatch.setattr(audit_beside, "CELLS", 40)
    found = audit(sweeps[name, form], all=True)
    assert (found.findings, found.wrong, found.rerun) == ((), 0, found.rows)


def test_a_row_that_is_there_right_and_wrong_is_wrong(copied, monkeypatch):
    """Whichever of the two comes first, and in whatever piece."""
    for waiting in (1, 100):
        monkeypatch.setattr(audit_pass, "_WAITING", waiting)
        for place in (3, 70):
            folder = copied("plain")
            right = lines(folder)
            with_cell(folder, 40, "max_error", other)
            rewritten(folder, [*right[: place + 1], lines(folder)[41], *right[place + 1 :]])
            found = audit(folder, all=True)
            assert (found.wrong, [each.trial for each in found.mismatches]) == (1, [40])
            shutil.rmtree(folder)


def test_one_character_in_every_column_is_found_though_the_manifest_was_repaired(copied):
    """Each column in a row of its own; the column `trial` is that of the tests of order."""
    folder = copied("everything")
    columns = next(csv.reader(lines(folder)))[1:]
    for row, column in enumerate(columns):
        before, after = with_cell(folder, row, column, other)
        assert before != after
    repaired(folder)
    found = audit(folder, all=True)
    assert {(mismatch.trial, mismatch.column) for mismatch in found.mismatches} >= set(enumerate(columns))
    said = " ".join(finding.text for finding in found.findings if finding.check == "order")
    for key in ("task", "seed", "precision", "W1[0,1]", "scale", "bias"):
        assert f"column {key} is not the manifest's in 1 row:" in said
    assert found.wrong == len(columns)
    assert found.most_wrong == len(columns)


def test_a_digit_that_reads_back_as_the_same_number_is_found(copied):
    folder = copied("plain")
    cell, _ = with_cell(folder, 4, "final_loss", lambda cell: f"{cell}0")
    repaired(folder)
    (mismatch,) = audit(folder, all=True).mismatches
    assert (mismatch.trial, mismatch.table, mismatch.ours, mismatch.ulps) == (4, f"{cell}0", cell, 0)


def test_one_changed_digit_is_found_by_its_hash(copied):
    folder = copied("plain")
    with_cell(folder, 70, "output_3", other)
    found = audit(folder, sample=1, seed=0)
    assert [finding.text for finding in found.findings] == [
        "trials.csv: its contents (SHA-256) are not what manifest.json says"
    ]
    assert not found.holds


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[:6] + rows[7:], "row 5, counted from 0, is trial 6; 1 trial missing, 0 there more than"),
        (lambda rows: rows[:7] + rows[6:], "row 6, counted from 0, is trial 5; 0 trials missing, 1 there more than"),
        (lambda rows: [*rows[:6], rows[7], rows[6], *rows[8:]], "row 5, counted from 0, is trial 6; 0 trials missing"),
        (lambda rows: [rows[0], *rows[:0:-1]], "row 0, counted from 0, is trial 79; 0 trials missing"),
        (lambda rows: rows[:-1], "it has 79 rows, and by the manifest 80"),
        (lambda rows: [*rows, rows[-1].replace("79", "80", 1)], "it has 81 rows, and by the manifest 80"),
        (lambda rows: [*rows[:6], rows[6].replace("5", "x", 1), *rows[7:]], "row 5, counted from 0, is trial x; 1 tr"),
        (lambda rows: rows[:1], "it has 0 rows"),
    ],
    ids=["dropped", "doubled", "swapped", "reversed", "cut", "more", "unreadable", "empty"],
)
def test_rows_out_of_order_are_found(copied, change, said, repair):
    folder = copied("plain")
    rewritten(folder, change(lines(folder)))
    if repair:
        repaired(folder)
    found = audit(folder, all=True)
    assert not found.holds
    assert any(said in finding.text for finding in found.findings if finding.check == "order")
    assert ("files" in checks(found)) is not repair
    assert not found.mismatches  # rows are found by their trial, wherever they stand


def test_a_dropped_row_counts_as_wrong(copied):
    folder = copied("plain")
    rewritten(folder, lines(folder)[:5] + lines(folder)[7:])
    found = audit(folder, all=True)
    assert (found.wrong, found.rerun, found.sampled) == (2, 78, 80)
    assert "all 80 rows re-run, 0 came out otherwise and 2 not found there" in str(found)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_distance_is_in_units_in_the_last_place_of_the_trials_precision(copied, form):
    folder = copied("everything", form)
    rows = audited_rows(folder, form)
    single = rows["precision"].index("float32")
    for row, kind in ((0, np.float64), (single, np.float32)):
        loss = kind(rows["final_loss"][row])
        assert float(loss) == rows["final_loss"][row]
        rows["final_loss"][row] = float(np.nextafter(loss, kind(1)))
    written_rows(folder, form, rows)
    repaired(folder)
    found = audit(folder, all=True)
    assert [(each.trial, each.column, each.ulps, each.ulps_of, each.epoch) for each in found.mismatches] == [
        (0, "final_loss", 1, "float64", None),
        (single, "final_loss", 1, "float32", None),
    ]
    assert "1 ulp of float32 apart" in str(found)
    assert "summary" in checks(found)


def audited_rows(folder, form):
    if form == "parquet":
        return pq.read_table(folder / "trials.parquet").to_pydict()
    with (folder / "trials.csv").open(newline="") as file:
        header, *table = csv.reader(file)
    rows = {name: list(cells) for name, cells in zip(header, zip(*table, strict=True), strict=True)}
    return rows | {"final_loss": [float(cell) for cell in rows["final_loss"]]}


def written_rows(folder, form, rows):
    if form == "parquet":
        path = folder / "trials.parquet"
        pq.write_table(pa.table(rows, schema=pq.read_schema(path)), path)
        return
    with (folder / "trials.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows)
        writer.writerows(zip(*rows.values(), strict=True))


def test_the_first_epoch_at_which_curves_part_is_said(copied):
    folder = copied("everything")
    places = [(int(trial), int(epoch)) for trial, epoch, _ in csv.reader(lines(folder, "curves.csv")[1:])]
    whole = next(trial for trial, epoch in places if epoch == 20)
    for epoch in (5, 20):
        with_cell(folder, places.index((whole, epoch)), "loss", other, "curves.csv")
    with_cell(folder, whole, "max_error", other)
    repaired(folder)
    found = audit(folder, all=True)
    assert [(each.trial, each.column, each.epoch) for each in found.mismatches] == [
        (whole, "max_error", 5),
        (whole, "loss in curves.csv", 5),
    ]
    assert "its curves part at epoch 5" in str(found)


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:9] + rows[10:],
        lambda rows: rows[:9] + rows[8:],
        lambda rows: rows[:-1],
        lambda rows: [*rows, "63,21,0.5\n"],
        lambda rows: ["trial,loss,epoch\n", *rows[1:]],
    ],
    ids=["dropped", "doubled", "cut", "more", "columns"],
)
def test_curves_of_other_epochs_are_found(copied, change, repair):
    folder = copied("everything")
    rewritten(folder, change(lines(folder, "curves.csv")), "curves.csv")
    if repair:
        repaired(folder)
    assert checks(audit(folder, sample=1)) == {"curves"} | ({"files"} if not repair else set())


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda arrays: arrays["W2"].__setitem__((3, 1, 0), np.nextafter(arrays["W2"][3, 1, 0], 9)), None),
        (lambda arrays: arrays["trial"].__setitem__(3, 1), "entry 3 is of trial 1; it must be"),
        (lambda arrays: arrays.update({name: array[:-1] for name, array in arrays.items()}), "it ends too early"),
        (lambda arrays: arrays.update(W1=arrays["W1"][:, :1]), "W1 is float64 (32, 1, 4); it must be float64"),
        (lambda arrays: arrays.pop("b2"), "it holds trial.npy, W1.npy, b1.npy, W2.npy, not trial.npy"),
    ],
    ids=["weight", "trial", "cut", "shape", "array"],
)
def test_other_weights_are_found(copied, change, check):
    folder = copied("everything")
    (path,) = folder.glob("weights-*-bias.npz")
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)
    repaired(folder)
    found = audit(folder, all=True)
    if check:
        (finding,) = found.findings
        assert finding.check == "weights"
        assert check in finding.text
    else:
        (mismatch,) = found.mismatches
        assert (mismatch.trial, mismatch.column, mismatch.ulps) == (arrays["trial"][3], "W2[1,0] in its weights", 1)


def test_a_changed_summary_is_found(copied):
    folder = copied("plain")
    cell, changed = with_cell(folder, 1, "convergence_high", other, "summary.csv")
    repaired(folder)
    (finding,) = audit(folder, sample=1).findings
    assert finding.check == "summary"
    assert f"its line 3 is not what trials.csv makes: {changed} where {cell} should be" in finding.text


def test_a_table_of_other_kernels_is_said_so(copied):
    folder = copied("plain")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"kernel_hash": "0123456789ab"}))
    (finding,) = audit(folder).findings
    assert finding.check == "kernels"
    assert "made by other kernels (0123456789ab; these are " in finding.text


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        {"training": {"epochs": 6}},
        {"task": "or"},
        {"sweep": {"seeds": {"first": 1, "count": 40}, "hidden": [2, 3]}},
        {"sweep": {"seeds": 40, "hidden": [3, 2]}},
        {"sweep": {"seeds": 39, "hidden": [2, 3]}},
        {"sweep": {"seeds": 40, "hidden": [2, 3], "momentum": [0.0]}},
        {"record": {"curve": [0]}},
    ],
    ids=["epochs", "task", "seeds", "order", "fewer", "axis", "record"],
)
def test_the_manifest_of_another_sweep_is_found(copied, tmp_path, change, repair):
    folder = copied("plain")
    another = swept(PLAIN | change, tmp_path / "another")
    manifest = json.loads((another / "manifest.json").read_text())
    manifest["files"] = {name: entry for name, entry in manifest["files"].items() if (folder / name).exists()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    if repair:
        repaired(folder)
    assert not audit(folder, all=True).holds


def test_counts_that_are_not_the_tables_are_found(copied):
    folder = copied("plain")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["counts"]["converged"] += 1
    manifest["axes"]["hidden"] = [2, 4]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = audit(folder, sample=1)
    assert [finding.check for finding in found.findings] == ["manifest", "manifest"]


def test_files_that_are_missing_or_more_are_found(copied):
    folder = copied("everything")
    (folder / "summary.csv").unlink()
    (folder / "weights-2-9-1.npz").write_bytes(b"")
    (folder / "report.html").write_text("the user's own")
    assert sorted(finding.text for finding in audit(folder, sample=1).findings) == [
        "summary.csv: manifest.json names it, and it is missing",
        "weights-2-9-1.npz: it is in the folder, and manifest.json does not name it",
    ]


def test_without_its_table_no_row_is_run_again(copied):
    folder = copied("plain")
    (folder / "trials.csv").unlink()
    found = audit(folder)
    assert [finding.text for finding in found.findings] == ["trials.csv: manifest.json names it, and it is missing"]
    assert "no row was re-run" in str(found)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_other_columns_are_found(copied, form):
    folder = copied("plain", form)
    rows = audited_rows(folder, form)
    path = folder / f"trials.{form}"
    if form == "parquet":
        table = pq.read_table(path)
        pq.write_table(table.set_column(0, "trial", table["trial"].cast(pa.int32())), path)
    else:
        written_rows(folder, form, {"max_error" if name == "final_loss" else name: rows[name] for name in rows})
    repaired(folder)
    (finding,) = audit(folder).findings
    assert finding.check == "columns"
    assert (
        "column trial is of type int32" if form == "parquet" else "by the manifest it is final_loss"
    ) in finding.text


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-40],
        lambda content: content + b"1,2\n",
        lambda content: content.replace(b"and", b"\xff\xfe"),
        lambda content: content[:0],
        lambda content: content + b"," * 5_000_000 + b"\n",
    ],
    ids=["cut", "short row", "no text", "empty", "endless row"],
)
def test_a_table_that_cannot_be_read_is_found(copied, damage):
    folder = copied("plain")
    (folder / "trials.csv").write_bytes(damage((folder / "trials.csv").read_bytes()))
    repaired(folder)
    found = audit(folder, all=True)
    assert checks(found) & {"columns", "rows"}
    assert "it was not looked at any further" in str(found)


def test_the_same_seed_chooses_the_same_rows(copied):
    """Half of the rows are wrong, so that which were chosen shows."""
    folder = copied("plain")
    for row in range(0, 80, 2):
        with_cell(folder, row, "max_error", other)
    repaired(folder)
    chosen = [[each.trial for each in audit(folder, sample=20, seed=seed).mismatches] for seed in (3, 3, 4)]
    assert chosen[0] == chosen[1] != chosen[2]
    found = audit(folder, sample=20, seed=3)
    assert found.wrong == len(chosen[0])
    assert 40 <= found.most_wrong < 80
    assert audit(folder, sample=1).seed != audit(folder, sample=1).seed


def test_mismatches_beyond_the_first_are_counted(copied, monkeypatch):
    monkeypatch.setattr(audit_pass, "KEPT", 3)
    monkeypatch.setattr(audit_pass, "_WAITING", 20)
    folder = copied("plain")
    for row in range(0, 80, 8):
        with_cell(folder, row, "max_error", other)
    found = audit(folder, all=True)
    assert ([each.trial for each in found.mismatches], found.cells_wrong, found.wrong) == ([0, 8, 16], 10, 10)


def test_what_cannot_be_audited_is_one_sentence(copied, tmp_path):
    folder = copied("plain")
    for content in ("{", '{"files": []}', '{"files": {}, "spec": {"task": "xor"}}', '{"files": {}, "spec": "xor"}'):
        (folder / "manifest.json").write_text(content)
        with pytest.raises(RunnerError, match="run the sweep again"):
            audit(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(RunnerError, match="it is not there"):
        audit(folder / "trials.csv")
    with pytest.raises(RunnerError, match="no such file or folder"):
        audit(tmp_path / "nowhere")


def test_command_ends_with_1_where_something_does_not_hold(copied):
    folder = copied("plain")
    told = CliRunner().invoke(app, ["audit", str(folder), "--sample", "10", "--seed", "5"])
    assert told.exit_code == 0
    assert told.stdout.startswith(f"{folder}: all holds\n10 of 80 rows re-run (--seed 5), all bit for bit the same")
    with_cell(folder, 3, "final_loss", other)
    told = CliRunner().invoke(app, ["audit", str(folder), "--all"])
    assert told.exit_code == 1
    assert told.stdout.startswith(f"{folder}: does not hold\n  trials.csv: its contents (SHA-256)")
    assert "trial 3, final_loss: " in told.stdout
    assert "all 80 rows re-run, 1 came out otherwise" in told.stdout
