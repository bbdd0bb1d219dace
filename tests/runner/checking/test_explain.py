import ast
import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from runner import commands
from runner.checking.explain import explain
from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.sweeping.run import Run, run
from runner.tables.manifest import read_manifest
from tests.runner.checking.scripts import run_scripts, verdicts
from tests.runner.running import swept

invoke = CliRunner().invoke

TWO_OUTPUTS = {"inputs": [[0.3, -1.0], [0.0, 0.7], [2.5, 0.1]], "targets": [[0.0, 1.0], [1.0, 0.0], [1.0, 0.9]]}
BASE = {
    "name": "explained",
    "task": "xor",
    "network": {"hidden": 3, "bias": True},
    "init": {},
    "training": {"epochs": 12, "learning_rate": 0.7, "objective": "sse"},
    "convergence": {},
    "record": {"weights": True, "curve": [0, 1, 7, 12]},
}
GIVEN = {"distribution": "given", "W1": [[1, -2, 3], [0, 5, -6]], "b1": [0, 0, 1], "W2": [[1], [2], [3]], "b2": [0]}


def changed(**tables):
    """The base experiment with values of its tables changed."""
    return BASE | {
        name: BASE[name] | value if name in BASE and name != "task" else value for name, value in tables.items()
    }


def trained(**values):
    return changed(training=values)


GROUPS = {
    "updates": {
        "batch": BASE,
        "online": trained(update="online"),
        "momentum": trained(momentum=0.9, objective="half-sse"),
        "online with momentum": trained(update="online", momentum=0.5),
        "no biases": changed(network={"bias": False}, training={"momentum": 0.5}),
        "online without biases": changed(network={"bias": False}, training={"update": "online"}),
        "mse, several outputs": changed(task=TWO_OUTPUTS, training={"objective": "mse"}),
        "half-mse, several outputs": changed(task="encoder-3", training={"objective": "half-mse", "momentum": 0.3}),
        "no epoch": trained(epochs=0),
        "no rate": trained(learning_rate=0.0),
    },
    "float32": {
        "batch": trained(precision="float32"),
        "online, momentum": trained(precision="float32", update="online", momentum=0.9),
        "several outputs": changed(task=TWO_OUTPUTS, training={"precision": "float32", "objective": "half-sse"}),
        "normal": changed(init={"distribution": "normal"}, training={"precision": "float32"}),
        "max-error": changed(
            convergence={"stop": True, "metric": "max-error", "threshold": 0.6}, training={"precision": "float32"}
        ),
        "diverged": trained(learning_rate=1e30, momentum=1e20, precision="float32"),
        "saturated": changed(init={"low": -90.0, "high": 90.0}, training={"precision": "float32"}),
    },
    "draws": {
        "normal": changed(init={"distribution": "normal", "mean": -0.5, "std": 2.0}),
        "pcg64": changed(init={"generator": "pcg64", "low": -2.0, "high": 3.0}),
        "pcg64, normal": changed(init={"generator": "pcg64", "distribution": "normal", "std": 3.0}),
        "order": changed(init={"order": ["b2", {"skip": 5}, "W2.T", "W1.T", "b1"], "scale": 0.3}, task=TWO_OUTPUTS),
        "order, normal": changed(init={"order": ["W1.T", {"skip": 1}, "W2", "b1", "b2"], "distribution": "normal"}),
        "fan in": changed(init={"scale": "1/sqrt(fan_in)"}, task=TWO_OUTPUTS),
        "given": changed(init=GIVEN),
        "swept": changed(sweep={"W1[0,1]": [0.25], "b1[2]": [-3.0], "b2[0]": [0.0], "seeds": [3, 4294967295]}),
        "swept, as drawn": changed(sweep=[{"W1[0,1]": [0.25], "low": [-3.0]}, {"seeds": [5], "hidden": [2]}]),
    },
    "convergence and records": {
        "max-error": changed(convergence={"metric": "max-error", "threshold": 0.55}),
        "classification": changed(convergence={"metric": "classification"}, task="and"),
        "stop": changed(convergence={"stop": True, "threshold": 0.27}),
        "probes": changed(record={"probes": [[0.5, 0.25], [9.0, -9.0]]}),
        "probes of several outputs": changed(task=TWO_OUTPUTS, record={"probes": [[0.5, 0.25]]}),
        "nothing": changed(record={"weights": False, "curve": [], "outputs": False, "probes": [[1.0, 0.0]]}),
        "fate": changed(record={"fate": True}, task=TWO_OUTPUTS, training={"objective": "half-mse"}),
        "fate without biases, stopped": changed(
            record={"fate": True}, network={"bias": False}, convergence={"stop": True, "threshold": 0.2502}
        ),
    },
    "ends of the range": {
        "diverged": trained(learning_rate=1e30, momentum=1e30),
        "diverged, online": trained(momentum=1e30, update="online"),
        "saturated": changed(init={"low": -800.0, "high": 800.0}, training={"learning_rate": 300.0}),
        "saturated, wide": changed(
            init={"low": -800.0, "high": 800.0}, network={"hidden": 24}, training={"epochs": 4}, record={"curve": [0]}
        ),
        "wide": changed(network={"hidden": 24}, task="parity-3", training={"epochs": 4}, record={"curve": [0]}),
    },
}


@pytest.mark.parametrize("group", GROUPS)
def test_a_script_gives_every_bit_of_a_row_without_this_project(group, tmp_path):
    folders = {case: swept(content, tmp_path / case) for case, content in GROUPS[group].items()}
    lasts = {case: read_manifest(folder)["counts"]["trials"] - 1 for case, folder in folders.items()}
    texts = [explain(folder, lasts[case]) for case, folder in folders.items()]
    ran = run_scripts(texts, tmp_path / "elsewhere")
    for (code, printed), text, (case, folder) in zip(ran, texts, folders.items(), strict=True):
        assert code == 0, f"{case}\n{printed}"
        assert set(verdicts(printed).values()) == {"same"}
        recorded = _recorded(folder, lasts[case], read(GROUPS[group][case]))
        assert verdicts(printed).keys() == recorded.keys(), case
        ast.parse(text, feature_version=(3, 9))
        assert max(map(len, text.splitlines())) <= 120, case
    if group == "ends of the range":
        outcomes = [_row(folder, 0)["outcome"] for folder in folders.values()]
        assert outcomes[:2] == ["diverged", "diverged"]
    if group == "convergence and records":
        assert 0 < int(_row(folders["stop"], 0)["epochs_run"]) < 12


def _row(folder, number):
    with (folder / "trials.csv").open() as lines:
        return list(csv.DictReader(lines))[number]


def _recorded(folder, number, experiment):
    """Everything that the files say of a trial, by the names that a script gives it."""
    row = _row(folder, number)
    keys = {"trial", "task", "hidden", "learning_rate", "seed"} | {
        axis.key for g in experiment.grids for axis in g.axes
    }
    found = {name: cell for name, cell in row.items() if name not in keys}
    if experiment.record.curve:
        with (folder / "curves.csv").open() as lines:
            losses = [line for line in csv.DictReader(lines) if int(line["trial"]) == number]
        found |= {f"loss after epoch {line['epoch']}": line["loss"] for line in losses}
    for path in folder.glob("weights-*.npz"):
        with np.load(path) as arrays:
            for name in set(arrays.files) - {"trial"}:
                for array in arrays[name][arrays["trial"] == number]:
                    places = np.ndindex(array.shape)
                    found |= {f"trained {name}[{','.join(map(str, place))}]": "" for place in places}
    return found


def test_a_script_with_another_bit_says_which_and_ends_with_1(tmp_path):
    folder = swept(BASE, tmp_path)
    table = folder / "trials.csv"
    cells = dict(_row(folder, 0))
    last_digit = cells["output_2"][-1]
    wrong = cells["output_2"][:-1] + ("1" if last_digit != "1" else "2")
    table.write_text(table.read_text().replace(cells["output_2"], wrong))
    ((code, printed),) = run_scripts([explain(folder, 0)], tmp_path / "elsewhere")
    assert code == 1
    found = verdicts(printed)
    assert {name for name, verdict in found.items() if verdict == "OTHER"} == {"output_2"}
    assert printed.splitlines()[-1] == f"{len(found) - 1} of {len(found)} columns have the same bits"


def test_the_plain_script_is_short_and_comes_close(tmp_path):
    cases = [*GROUPS["updates"].values(), *GROUPS["draws"].values(), GROUPS["float32"]["batch"]]
    texts = []
    for number, content in enumerate(cases):
        folder = swept(content, tmp_path / str(number))
        texts.append(explain(folder, read_manifest(folder)["counts"]["trials"] - 1, plain=True))
    for (code, printed), text, content in zip(
        run_scripts(texts, tmp_path / "elsewhere", "default"), texts, cases, strict=True
    ):
        assert code == 0
        single = content["training"].get("precision") == "float32"
        assert "final_loss" in printed
        distances = [float(line.split()[-1]) for line in printed.splitlines() if len(line.split()) == 4]
        assert all(distance < (1e-5 if single else 1e-13) for distance in distances), printed
        assert 40 < len(text.splitlines()) < 90
        assert "import numpy as np" in text
        assert "fma" not in text
        ast.parse(text, feature_version=(3, 9))


# One row of each shipped experiment; that of xor is its document's own, in full length.
SHIPPED = {
    "xor": (17, 1500),
    "xor_no_constant": (12, 200),
    "patterns": (3, 100),
    "exam": (12, 200),
    "gender": (7, 100),
}


def test_a_row_of_each_shipped_experiment_is_explained_to_the_last_bit(tmp_path):
    texts = []
    for name, (number, epochs) in SHIPPED.items():
        experiment = read(name, ["sweep.seeds=1", f"training.epochs={epochs}"])
        run(experiment, Run(tmp_path / name, 1, "threads", "csv"), lambda *_: None)
        texts.append(explain(tmp_path / name, number))
    assert "hidden = 4\n" in texts[0]
    assert "learning_rate = 1.0\nepochs = 1500\n" in texts[0]
    for code, printed in run_scripts(texts, tmp_path / "elsewhere"):
        assert code == 0, printed
        assert set(verdicts(printed).values()) == {"same"}


def test_the_command_prints_a_script_or_writes_it(tmp_path):
    folder = swept(BASE, tmp_path)
    printed = invoke(commands.app, ["explain", str(folder), "0"])
    assert (printed.exit_code, printed.output) == (0, explain(folder, 0))
    out = tmp_path / "mine.py"
    written = invoke(commands.app, ["explain", str(folder / "trials.csv"), "0", "--out", str(out), "--plain"])
    assert (written.exit_code, written.output) == (0, f"{out}\n")
    assert out.read_text() == explain(folder, 0, plain=True)
    invoke(commands.app, ["explain", str(folder), "0", "--out", str(out)])
    assert "    python mine.py" in out.read_text()
    nowhere = invoke(commands.app, ["explain", str(folder), "0", "--out", str(tmp_path / "none" / "mine.py")])
    with pytest.raises(RunnerError, match=r"none.mine\.py cannot be written: No such file"):
        raise nowhere.exception


def test_a_table_by_other_kernels_is_said_to_be_so(tmp_path):
    folder = swept(BASE, tmp_path)
    assert "made by kernels" not in explain(folder, 0)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"kernel_hash": "0123456789ab"}))
    assert "The table was made by kernels 0123456789ab" in explain(folder, 0)


def test_a_parquet_table_is_explained_as_well(tmp_path):
    csv_text = explain(swept(BASE, tmp_path / "csv"), 0)
    parquet = explain(swept(BASE, tmp_path / "parquet", format="parquet"), 0)
    assert parquet == csv_text.replace("trials.csv", "trials.parquet")
