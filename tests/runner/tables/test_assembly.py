import numpy as np
import pandas as pd
import pytest

from runner.errors import Stopped
from runner.experiment.reading import read
from runner.planning.plan import plan
from runner.tables import assembly
from runner.tables.curves import CurvesWriter
from runner.tables.loading import load
from tests import reference
from tests.runner.running import MIXED, digests, swept

KEYS = ["momentum", "precision", "update", "hidden", "learning_rate"]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return swept(MIXED, tmp_path_factory.mktemp("assembly"), jobs=2)


@pytest.fixture(scope="module")
def trained(mixed):
    """Every trial of MIXED by the oracle, from the seeds and keys that the table gives."""
    experiment, trials = read(MIXED), load(mixed).trials
    found = []
    for row in trials.to_dict("records"):
        shapes = reference.network_shapes(3, row["hidden"], 1, bias=False)
        found.append(
            reference.train(
                experiment.task.inputs,
                experiment.task.targets,
                reference.draw(row["seed"], shapes, low=0.0, high=1.0, order=("W1", "W2")),
                learning_rate=row["learning_rate"],
                momentum=row["momentum"],
                update=row["update"],
                epochs=30,
                threshold=0.25,
                probes=experiment.record.probes,
                curve=experiment.record.curve,
                dtype=row["precision"],
            )
        )
    return found


def tolerance(trials):
    """30 epochs multiply a rounding by less than a thousand."""
    return np.where(trials["precision"] == "float64", 1e-12, 1e-4)


def test_rows_are_in_canonical_order(mixed):
    trials, laid_out = load(mixed).trials, plan(read(MIXED))
    numbers = np.arange(laid_out.trials)
    configurations, seeds = laid_out.locate(numbers)
    assert trials["trial"].tolist() == numbers.tolist()
    assert trials["seed"].tolist() == seeds.tolist()
    for key, values in laid_out.values(configurations).items():
        assert trials[key].tolist() == values.tolist()
    assert trials.duplicated([*KEYS, "seed"]).sum() == 0


def test_trials_are_those_of_the_oracle(mixed, trained):
    trials = load(mixed).trials
    near = tolerance(trials)
    assert (np.abs(trials["final_loss"] - [run.final_loss for run in trained]) < near).all()
    assert (np.abs(trials["max_error"] - [run.max_error for run in trained]) < near).all()
    assert trials["epochs_run"].tolist() == [30] * len(trials)
    outputs = trials[[f"output_{sample}" for sample in range(4)]].to_numpy()
    assert (np.abs(outputs - [run.outputs.ravel() for run in trained]) < near[:, None]).all()
    assert (np.abs(trials["probe_0"] - [run.probes.item() for run in trained]) < near).all()
    exact = trials["precision"] == "float64"
    clear = exact | (np.array([abs(run.final_loss - 0.25) for run in trained]) > 1e-4)
    assert (trials["outcome"].astype(str) == [run.outcome for run in trained])[clear].mean() > 0.99
    first = [run.epochs_to_convergence for run in trained]
    ours = trials["epochs_to_convergence"].astype(object).where(trials["converged"], None).tolist()
    assert [a for a, known in zip(ours, exact, strict=True) if known] == [
        b for b, known in zip(first, exact, strict=True) if known
    ]


def test_curves_are_those_of_the_oracle(mixed, trained):
    curves, trials = pd.read_csv(mixed / "curves.csv"), load(mixed).trials
    assert list(curves) == ["trial", "epoch", "loss"]
    assert curves["trial"].tolist() == np.repeat(np.arange(len(trials)), 3).tolist()
    assert curves["epoch"].tolist() == [0, 5, 30] * len(trials)
    theirs = np.array([[run.curve[epoch] for epoch in (0, 5, 30)] for run in trained])
    ours = curves["loss"].to_numpy().reshape(-1, 3)
    assert (np.abs(ours - theirs) < tolerance(trials)[:, None]).all()
    assert ours[:, 2].tolist() == trials["final_loss"].tolist()


def test_weights_are_those_of_the_oracle_and_ascend(mixed, trained):
    """A file holds several precisions, updates and momenta of one network, which chunks keep apart."""
    trials = load(mixed).trials
    for hidden in (1, 2, 3):
        with np.load(mixed / f"weights-3-{hidden}-1.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        assert list(arrays) == ["trial", "W1", "W2"]
        assert arrays["trial"].tolist() == trials["trial"][trials["hidden"] == hidden].tolist()
        near = tolerance(trials)[arrays["trial"]]
        assert arrays["W1"].shape == (len(near), 3, hidden)
        assert arrays["W2"].shape == (len(near), hidden, 1)
        for name in ("W1", "W2"):
            theirs = np.array([getattr(trained[trial].weights, name) for trial in arrays["trial"]])
            assert (np.abs(arrays[name] - theirs) < near[:, None, None]).all()


def test_a_summary_row_is_the_group_of_its_trials(mixed):
    """Also that of a configuration whose trials stand in two grids."""
    found = load(mixed)
    groups = found.trials.groupby(KEYS, sort=False, observed=True)
    summary = found.summary.set_index(KEYS)
    assert len(summary) == groups.ngroups == 16 + 3
    assert [len(group) for _, group in groups].count(30) == 1
    assert found.summary["configuration"].is_unique
    for key, group in groups:
        row = summary.loc[key]
        assert row["trials"] == len(group)
        assert row["converged"] == group["converged"].sum()
        assert row["diverged"] == (group["outcome"] == "diverged").sum()
        assert row["convergence_rate"] == group["converged"].mean()
        assert row["convergence_low"] <= row["convergence_rate"] <= row["convergence_high"]
        epochs = np.sort(group["epochs_to_convergence"].where(group["converged"]).astype(float).fillna(np.inf))
        for percent in (5, 25, 50, 75, 95):
            reached = epochs[-(-len(group) * percent // 100) - 1]
            assert (
                (row[f"epochs_q{percent:02}"] is pd.NA)
                if np.isinf(reached)
                else row[f"epochs_q{percent:02}"] == reached
            )
            assert row[f"loss_q{percent:02}"] == np.quantile(group["final_loss"], percent / 100)


def test_trials_that_stop_have_rows_of_their_own_length(tmp_path):
    content = {"name": "stop", "task": "xor-constant", "training": {"epochs": 400, "learning_rate": 3.0}}
    content |= {"convergence": {"stop": True, "threshold": 0.2}, "record": {"curve": {"every": 50}}}
    folder = swept(content | {"sweep": {"seeds": 200, "hidden": [2, 4]}}, tmp_path)
    trials, curves = load(folder).trials, pd.read_csv(folder / "curves.csv")
    assert trials["converged"].nunique() == 2
    assert (trials["epochs_run"] == trials["epochs_to_convergence"].fillna(400)).all()
    expected = [(t, e) for t, ran in enumerate(trials["epochs_run"]) for e in range(0, 401, 50) if e <= ran]
    assert list(zip(curves["trial"], curves["epoch"], strict=True)) == expected


def test_biases_have_files_and_arrays_of_their_own(tmp_path):
    content = {"name": "bias", "task": "encoder-3", "training": {"epochs": 2}, "record": {"weights": True}}
    folder = swept(content | {"sweep": {"seeds": 3, "bias": [False, True], "hidden": [2]}}, tmp_path)
    with np.load(folder / "weights-3-2-3-bias.npz", allow_pickle=False) as file:
        assert {name: file[name].shape for name in file.files} == {
            "trial": (3,),
            "W1": (3, 3, 2),
            "b1": (3, 2),
            "W2": (3, 2, 3),
            "b2": (3, 3),
        }
        assert file["trial"].tolist() == [3, 4, 5]
    with np.load(folder / "weights-3-2-3.npz", allow_pickle=False) as file:
        assert file.files == ["trial", "W1", "W2"]


def test_a_diverged_trial_is_a_row_with_blanks(tmp_path):
    content = {"name": "far", "task": {"inputs": [[0.5]], "targets": [[1e30]]}, "network": {"hidden": 1}}
    content |= {"training": {"epochs": 5, "learning_rate": 1e10}, "record": {"curve": [0, 5]}}
    found = load(swept(content | {"sweep": {"seeds": 20, "precision": ["float64", "float32"]}}, tmp_path))
    diverged = found.trials["outcome"] == "diverged"
    assert diverged.any()
    assert found.trials.loc[diverged, "epochs_to_convergence"].isna().all()
    assert not found.trials.loc[diverged, ["converged", "holds_at_end"]].any(axis=None)
    assert found.manifest["counts"]["diverged"] == diverged.sum() == found.summary["diverged"].sum()


@pytest.mark.parametrize("table_format", ["csv", "parquet"])
@pytest.mark.parametrize("station", ["condensing.Condenser", "weights.WeightsWriter"])
def test_a_disk_that_is_full_at_the_very_end_is_one_sentence(tmp_path, monkeypatch, table_format, station):
    def full(*_):
        raise OSError(28, "No space left on device")

    content = {"name": "full", "task": "xor", "training": {"epochs": 1}, "sweep": {"seeds": 9}}
    content |= {"record": {"curve": [0], "weights": True}}
    with monkeypatch.context() as patched:
        patched.setattr(f"runner.tables.{station}.close", full)
        with pytest.raises(Stopped, match="No space left"):
            swept(content, tmp_path, format=table_format)
    assert len(load(swept(content, tmp_path, format=table_format)).trials) == 9


def test_the_last_chunk_brings_all_rows_into_the_file(tmp_path, monkeypatch):
    found, finish = [], assembly.Assembly.finish

    def spied(self):
        found.extend((self._store.unfinished / name).read_bytes() for name in ("trials.csv", "curves.csv"))
        finish(self)

    monkeypatch.setattr(assembly.Assembly, "finish", spied)
    content = {"name": "last", "task": "xor", "training": {"epochs": 1}, "sweep": {"seeds": 300}}
    folder = swept(content | {"record": {"curve": [0]}}, tmp_path)
    assert found == [(folder / name).read_bytes() for name in ("trials.csv", "curves.csv")]


def test_of_wide_rows_fewer_are_in_memory_at_a_time(tmp_path, monkeypatch):
    content = {"name": "wide", "task": "xor", "training": {"epochs": 60}, "record": {"curve": {"every": 1}}}
    content |= {"sweep": {"seeds": 40, "hidden": [2, 3]}}
    narrow = digests(swept(content, tmp_path / "narrow"))
    held, write = [], CurvesWriter.write

    def spied(self, trials, epochs_run, losses):
        held.append(losses.size)
        write(self, trials, epochs_run, losses)

    monkeypatch.setattr(assembly, "_NUMBERS", 1000)
    monkeypatch.setattr(CurvesWriter, "write", spied)
    assert digests(swept(content, tmp_path / "wide")) == narrow
    assert max(held) < 1000
    assert sum(held) == 80 * 61
