import json
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import runner
from runner import commands
from runner.analysis.comparison import compare, holm
from runner.analysis.comparison_paired import mid_p
from runner.errors import CheckFailed, RunnerError
from runner.tables.loading import load
from tests.runner.analysis.trials import table
from tests.runner.running import command, one_sentence, swept

BASE = {
    "name": "base",
    "task": "xor",
    "training": {"epochs": 300, "learning_rate": 2.0},
    "sweep": {"seeds": 40, "hidden": [2, 3]},
}


def changed(name, **values):
    """The base experiment with some values changed, as training={"momentum": 0.5}."""
    return BASE | {"name": name} | {key: BASE.get(key, {}) | value for key, value in values.items()}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One experiment under several settings."""
    root = tmp_path_factory.mktemp("compared")
    for content in (
        BASE,
        changed("quick", training={"learning_rate": 3.0}),
        changed("single", training={"precision": "float32"}),
        changed("swept", sweep={"momentum": [0.0, 0.5]}),
        changed("stopping", convergence={"stop": True}),
        changed("later", sweep={"seeds": {"first": 30, "count": 30}, "hidden": [3, 4]}),
    ):
        swept(content, root)
    swept(BASE, root / "processes", jobs=2, backend="processes")
    swept(BASE, root / "parquet", format="parquet")
    return root


def written(frame, path):
    """A table as pandas writes it."""
    frame.to_csv(path, index=False)
    return path


def said(found):
    """The answer in words, on one line."""
    return " ".join(str(found).split())


def same_rows(found, count=80):
    assert found.same, found.sentences
    assert found.unmatched.empty
    assert (found.bits["equal"] == count).all()
    assert (found.bits["different"] == 0).all()
    assert not found.better


def test_the_same_sweep_has_the_same_bits_however_it_was_run_kept_or_moved(folders, tmp_path):
    base = load(folders / "base")
    for other in ("processes/base", "parquet/base", "parquet/base/trials.parquet"):
        same_rows(compare(folders / "base", folders / other))
    shutil.copytree(folders / "base", tmp_path / "moved")
    same_rows(compare(base, tmp_path / "moved"))
    (folders / "base" / "trials.csv").rename(tmp_path / "mine.csv")
    shutil.copy(tmp_path / "mine.csv", folders / "base" / "trials.csv")
    same_rows(compare(base.trials, tmp_path / "mine.csv"))
    same_rows(compare(written(base.trials.sample(frac=1.0, random_state=1), tmp_path / "shuffled.csv"), base))
    assert "no manifest" in str(compare(base, tmp_path / "mine.csv"))


def test_one_changed_digit_is_found(folders, tmp_path):
    frame = load(folders / "base").trials
    frame.loc[57, "final_loss"] = np.nextafter(frame.loc[57, "final_loss"], 1)
    found = compare(folders / "base", written(frame, tmp_path / "changed.csv"))
    assert not found.same
    wrong = found.bits[found.bits["different"] > 0]
    assert wrong["column"].tolist() == ["final_loss"]
    assert wrong[["different", "largest_ulps", "trial_a", "seed"]].to_numpy().tolist() == [[1, 1, 57, 17]]
    assert "79 of the 80 have the same bits" in said(found)
    assert "trial 57 of A, 57 of B, seed 17" in said(found)
    assert found.lacks("same") == "B is not the same as A: columns that differ are final_loss (1 trial)"


def test_a_setting_that_only_the_manifests_tell_is_named_and_trials_are_paired(folders):
    found = compare(folders / "base", folders / "single")
    assert found.paired
    assert found.differences.to_numpy().tolist() == [["experiment", "training.precision", "float64", "float32"]]
    assert "They differ in training.precision (float64 in A, float32 in B)." in found.sentences
    assert not found.same
    assert found.bits.set_index("column").loc["final_loss", "different"] == 80


def test_a_column_of_one_value_each_is_a_setting(folders):
    found = compare(folders / "base", folders / "quick")
    assert found.differences[["key", "a", "b"]].to_numpy().tolist() == [["training.learning_rate", 2.0, 3.0]]
    a, b = (load(folders / name).trials.set_index(["hidden", "seed"]) for name in ("base", "quick"))
    joined = a.join(b.add_suffix("_b"))
    counts = Counter(zip(joined["converged"], joined["converged_b"], strict=True))
    assert found.overall["pairs"].tolist() == [80]
    assert found.overall["only_a"].tolist() == [counts[True, False]]
    assert found.overall["only_b"].tolist() == [counts[False, True]]
    for place, hidden in enumerate([2, 3]):
        own = joined.loc[hidden]
        row = found.configurations.iloc[place]
        assert row["hidden"] == hidden
        only = [(own["converged"] & ~own["converged_b"]).sum(), (own["converged_b"] & ~own["converged"]).sum()]
        assert row[["only_a", "only_b"]].tolist() == only
        assert row["p_convergence"] == mid_p(*(np.array([value]) for value in only))[0]
        assert row["rate_difference"] == pytest.approx(own["converged_b"].mean() - own["converged"].mean())
        both = own[own["converged"] & own["converged_b"]]
        assert row["loss_solved_pairs"] == len(both)
        if len(both):
            gap = (both["final_loss_b"] - both["final_loss"]).median()
            assert row["loss_solved_difference"] == pytest.approx(gap, rel=1e-12)


def test_a_swept_key_meets_the_base_value_of_the_other_table(folders):
    found = compare(folders / "swept", folders / "base")
    assert found.configurations["momentum"].tolist() == [0.0, 0.0]
    assert not found.same
    assert (found.bits["different"] == 0).all()
    assert found.unmatched[["momentum", "only_a", "only_b"]].to_numpy().tolist() == [[0.5, 40, 0]] * 2
    assert found.lacks("same") == "B is not the same as A: 80 trials only in A"
    same_rows(compare(folders / "swept", folders / "base", where="momentum == 0"))


def test_two_parts_of_one_table_are_two_tables(folders):
    found = compare(
        folders / "swept", folders / "swept", where_a="momentum == 0", where_b="momentum == 0.5", where="hidden == 3"
    )
    assert found.differences[["key", "a", "b"]].to_numpy().tolist() == [["training.momentum", 0.0, 0.5]]
    assert found.overall["pairs"].tolist() == [40]
    assert len(found.configurations) == 1
    alone = found.configurations[list(found.overall)]
    assert alone.equals(found.overall)


def test_rows_of_one_table_only_are_counted_by_configuration(folders):
    found = compare(folders / "base", folders / "later")
    assert found.overall[["pairs", "seeds"]].to_numpy().tolist() == [[10, 10]]
    columns = ["hidden", "both", "only_a", "only_b"]
    assert found.unmatched[columns].to_numpy().tolist() == [[2, 0, 40, 0], [3, 10, 30, 20], [4, 0, 0, 30]]
    assert "70 trials only in A, left out: hidden 2 (all 40) and hidden 3 (30 of 40)." in said(found)
    assert "50 trials only in B" in said(found)


def test_hidden_sizes_are_compared_without_pairs(folders):
    found = compare(folders / "base", folders / "base", where_a="hidden == 2", where_b="hidden == 3")
    assert not found.paired
    assert not found.same
    assert found.bits.empty
    assert found.overall[["trials_a", "trials_b"]].to_numpy().tolist() == [[40, 40]]
    assert "pairing by seed means nothing" in " ".join(found.sentences)
    # Other seeds do as well, as nothing is paired.
    apart = compare(folders / "base", folders / "later", where_a="hidden == 2", where_b="hidden == 4")
    assert apart.overall[["trials_a", "trials_b"]].to_numpy().tolist() == [[40, 30]]
    several = compare(folders / "swept", folders / "swept", where_a="hidden == 2", where_b="hidden == 3")
    assert several.overall[["trials_a", "seeds_a"]].to_numpy().tolist() == [[80, 40]]
    assert several.configurations["momentum"].tolist() == [0.0, 0.5]


def test_losses_are_not_compared_where_trials_stop(folders):
    found = compare(folders / "base", folders / "stopping")
    assert found.overall["loss_pairs"].tolist() == [0]
    assert "Final loss: not compared" in said(found)
    assert found.overall[["quicker_a", "quicker_b"]].to_numpy().tolist() == [[0, 0]]
    # Without the manifests, what stopped is seen from the trials.
    alone = [load(folders / name).trials for name in ("base", "stopping")]
    assert compare(*alone).overall["loss_pairs"].tolist() == [0]
    assert compare(alone[0], alone[0]).overall["loss_pairs"].tolist() == [80]


def test_a_table_merged_with_pandas_keeps_its_configurations_apart(folders, tmp_path):
    base, quick, swept_ = (load(folders / name).trials for name in ("base", "quick", "swept"))
    merged = written(pd.concat([base, quick]), tmp_path / "merged.csv")
    found = compare(merged, folders / "quick")
    assert (found.bits["different"] == 0).all()
    assert found.unmatched[["learning_rate", "only_a"]].to_numpy().tolist() == [[2.0, 40], [2.0, 40]]
    # A key that one of the parts does not have is an empty cell.
    holes = written(pd.concat([quick, swept_]), tmp_path / "holes.csv")
    same_rows(compare(holes, written(pd.concat([swept_, quick]), tmp_path / "other.csv")), 240)


def test_a_manifest_of_another_table_is_left_aside(folders, tmp_path):
    shutil.copytree(folders / "quick", tmp_path / "wrong")
    shutil.copy(folders / "base" / "trials.csv", tmp_path / "wrong" / "trials.csv")
    found = compare(folders / "base", tmp_path / "wrong" / "trials.csv")
    assert found.same
    assert "manifest.json beside B is of another table (it does not know learning_rate = 2.0)" in said(found)


def test_a_table_in_memory_may_have_other_types():
    a = table([5, np.inf, 7, 9])
    b = a.assign(
        epochs_to_convergence=[5.0, np.nan, 7.0, 9.0],
        converged=a["converged"].astype(object),
        hidden=4.0,
        update="batch",
    )
    found = compare(a, b)
    assert found.same
    assert "update is batch in B, and A does not tell it: it is taken to be the same." in found.sentences


def test_one_seed_of_many_configurations_says_nothing_of_others():
    rates = np.linspace(1, 2, 50)
    a = table(np.full(50, 10), seed=3, learning_rate=rates)
    found = compare(a, table(np.full(50, 20), seed=3, learning_rate=rates))
    assert np.isnan(found.overall["rate_low"].iloc[0])
    assert np.isnan(found.overall["epochs_low"].iloc[0])
    assert not found.better
    assert "nothing can be said of other seeds" in said(found)
    assert "one seed" in found.lacks("better")
    json.dumps(found.as_json(), allow_nan=False)


SLOW, QUICK = np.arange(100, 200), np.arange(50, 150)
MIXED = np.random.default_rng(1).permutation(100)
NEVER = np.where(np.arange(100) < 40, np.inf, SLOW)


@pytest.mark.parametrize(
    ("a", "b", "better"),
    [
        (NEVER, SLOW, True),  # converges more often
        (SLOW, NEVER, False),
        (SLOW, QUICK, True),  # converges as often, and is quicker
        (QUICK, SLOW, False),
        (SLOW, SLOW, False),
        (SLOW, np.where(MIXED < 56, QUICK, SLOW + 50), False),  # quicker in 56 of 100 is no proof
        (np.where(np.arange(100) == 7, np.inf, SLOW), np.where(np.arange(100) == 9, np.inf, QUICK), True),
        (SLOW, np.where(np.arange(100) < 12, np.inf, QUICK), False),  # quicker, and surely fails more often
    ],
)
def test_better_is_more_often_or_as_often_and_quicker(a, b, better):
    for seeds in (np.arange(100), np.tile(np.arange(50), 2)):
        rates = 1.0 if seeds[-1] == 99 else np.repeat([1.0, 2.0], 50)
        found = compare(table(a, seed=seeds, learning_rate=rates), table(b, seed=seeds, learning_rate=rates))
        assert found.better == better
        if not better:
            assert found.lacks("better").startswith("B is not better than A")


def test_keys_of_an_initial_weight_and_words_join_too():
    a = table(np.full(6, 9), seed=0, update=["batch", "online"] * 3, scale=["1.0", "1/sqrt(fan_in)"] * 3)
    a["W1[0,1]"] = [0.5, 0.5, np.nan, np.nan, -0.0, -0.0]
    assert compare(a, a.sample(frac=1.0, random_state=2).astype({"update": "category"})).same
    found = compare(a.iloc[:4], a.iloc[2:])
    assert found.overall["pairs"].tolist() == [2]
    assert found.unmatched["W1[0,1]"].tolist() == [0.5, 0.5, 0.0, 0.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holms_correction_is_the_step_down_one(p):
    found, largest = holm(np.array(p)), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, p[place] * (len(p) - rank))
        assert found[place] == min(largest, 1.0)


def strict(text):
    """JSON without NaN and infinities."""

    def refuse(word):
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


def test_json_holds_everything_as_plain_numbers(folders):
    done = CliRunner().invoke(commands.app, ["compare", *map(str, (folders / "base", folders / "quick")), "--json"])
    assert done.exit_code == 0
    read, found = strict(done.stdout), compare(folders / "base", folders / "quick")
    assert read == strict(json.dumps(found.as_json()))
    assert [row["hidden"] for row in read["configurations"]] == [2, 3]
    assert set(read["configurations"][0]) == set(found.configurations)
    assert read["overall"]["pairs"] == 80
    assert read["bits"][0]["column"] == "outcome"
    assert read["same"] is False


def test_exit_codes_of_real_processes(folders):
    base, quick = folders / "base", folders / "quick"
    done = command("compare", base, folders / "processes" / "base", "--expect", "same")
    assert (done.returncode, done.stderr) == (0, "")
    assert "All 80 have the same bits in every column" in done.stdout
    done = command("compare", base, quick, "--expect", "same")
    assert done.returncode == 1
    assert "In short" in done.stdout
    assert one_sentence(done.stderr).startswith("does not hold: B is not the same as A")


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--expect", "better"], 0), (["--expect", "same"], 1)])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_only_an_expectation_makes_a_difference_fail(folders, words, code, form):
    paths = [str(folders / name) for name in ("base", "quick")]
    done = CliRunner().invoke(commands.app, ["compare", *paths, *words, *form])
    assert done.exit_code == code or isinstance(done.exception, CheckFailed)
    assert bool(code) == isinstance(done.exception, CheckFailed)
    back = CliRunner().invoke(commands.app, ["compare", *paths[::-1], "--expect", "better"])
    assert isinstance(back.exception, CheckFailed)


def refused(*tables, **choices):
    with pytest.raises(RunnerError) as refusal:
        compare(*tables, **choices)
    message = str(refusal.value)
    assert "\n" not in message
    assert refusal.value.exit_code == 2
    return message


def test_what_cannot_be_compared_is_refused_in_one_sentence(folders, tmp_path):
    base, frame = folders / "base", load(folders / "base").trials
    (tmp_path / "foreign.csv").write_text("a,b\n1,2\n")
    assert "foreign.csv" in refused(base, tmp_path / "foreign.csv")
    assert "no such file" in refused(base, tmp_path / "none")
    assert refused(base, frame.drop(columns="seed")).startswith("B")
    assert "no trial where hidden == 9" in refused(base, base, where="hidden == 9")
    assert "A (" in refused(base, folders / "swept", where="momentun == 0")
    twice = pd.concat([frame, frame.iloc[[3]]])
    assert "B (table B) holds the trial of seed 3 and hidden 2, learning_rate 2.0 twice" in refused(base, twice)
    assert "seed is 0, 1, 2, 3, 4, 5, … in A and 30, 31" in refused(
        base, folders / "later", where="hidden == 3", where_a="seed < 30"
    )
    assert "hidden is 2 in A and 3, 4 in B" in refused(base, folders / "later", where_a="hidden == 2")
    assert "A has several values of momentum, and B (table B) says nothing of it" in refused(folders / "swept", frame)
    assert "--where-a 'momentum == 0.0'" in refused(folders / "swept", frame)
    assert "--where-a 'epochs == 3'" in refused(frame.assign(epochs=frame["seed"] + 3), frame)
    assert "of the task xor and B of exam" in refused(frame, frame.assign(task="exam"))


def test_tasks_of_one_name_and_other_contents_are_refused(tmp_path):
    inputs = [[0.0], [1.0]]
    tasks = [{"inputs": inputs, "targets": [[0.0], [target]]} for target in (1.0, 0.9)]
    folders = [
        swept({"name": f"t{place}", "task": task, "training": {"epochs": 5}}, tmp_path)
        for place, task in enumerate(tasks)
    ]
    assert "both call their task custom, but its samples or targets differ" in refused(*folders)


def test_columns_that_one_table_alone_has_are_told(folders):
    frame = load(folders / "base").trials
    found = compare(frame, frame.drop(columns=["output_0", "output_1"]).assign(remark="fine"))
    assert found.same
    assert "output_0 and output_1 only in A, remark only in B" in said(found)


def test_the_package_has_it():
    assert runner.compare is compare


some_epochs = st.lists(st.integers(0, 1000) | st.just(np.inf), min_size=6, max_size=6)
some_losses = st.lists(st.floats(0, 1) | st.just(np.nan), min_size=6, max_size=6)


@pytest.mark.parametrize(
    ("seeds", "configurations", "unpaired"), [(1, 1, False), (6, 1, True), (3, 2, False), (3, 2, True), (1, 6, False)]
)
@settings(max_examples=10, deadline=None)  # a comparison takes some 30 ms, however small
@given(epochs=st.tuples(some_epochs, some_epochs), losses=st.tuples(some_losses, some_losses), stop=st.booleans())
def test_any_tables_give_an_answer_and_turned_round_the_opposite_one(
    seeds, configurations, unpaired, epochs, losses, stop
):
    size = seeds * configurations
    columns = {
        "seed": np.tile(np.arange(seeds), configurations),
        "learning_rate": np.repeat(np.arange(configurations) + 0.5, seeds),
        "stop": stop,
    }
    a, b = (
        table(own[:size], loss=loss[:size], **columns, hidden=hidden)
        for own, loss, hidden in zip(epochs, losses, (3, 4 if unpaired else 3), strict=True)
    )
    there, back = compare(a, b), compare(b, a)
    for found in (there, back):
        assert found.paired != unpaired
        strict(json.dumps(found.as_json(), allow_nan=False))
        assert "nan" not in str(found)
    one, other = (found.overall.iloc[0] for found in (there, back))
    for name in ("rate", "epochs", "loss", "loss_solved", "loss_stuck"):
        ends = [one[f"{name}_{end}"] for end in ("low", "difference", "high")]
        turned = [-other[f"{name}_{end}"] for end in ("high", "difference", "low")]
        assert ends == pytest.approx(turned, rel=1e-9, abs=1e-12, nan_ok=True)
        low, middle, high = ends
        assert np.isnan(ends).any() or low - 1e-12 <= middle <= high + 1e-12
    for name in ("p_convergence", "p_epochs"):
        assert one[name] == pytest.approx(other[name], rel=1e-9, nan_ok=True)
    assert not (there.better and back.better)
