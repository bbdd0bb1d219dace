import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import runner
from runner import commands
from runner.analysis.analyze import analyze
from runner.errors import RunnerError
from tests.runner.analysis.tables import BUDGET, run_lengths, table
from tests.runner.running import swept

invoke = CliRunner().invoke
SECTIONS = ["trials", "located", "rate", "epochs", "restarts", "loss", "fates", "best", "axes", "seeds", "needed"]


def strict(found):
    """What the JSON of an analysis holds, NaN and infinity refused on both sides."""
    text = json.dumps(found.as_json(), allow_nan=False)
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def grid(rates, size=40, seed=0):
    stream = np.random.default_rng(seed)
    return table(np.stack([run_lengths(stream, "gamma", rate, size) for rate in rates]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    content = {
        "name": "small",
        "task": "xor-constant",
        "record": {"fate": True, "curve": {"every": 250}},
        "sweep": {"seeds": 20, "hidden": [2, 4], "learning_rate": [0.3, 3.0]},
    }
    return swept(content, tmp_path_factory.mktemp("results"))


def test_rates_and_quantiles_are_those_of_the_summary(folder):
    found, summary = analyze(folder).configurations, runner.load(folder).summary
    for name in ("trials", "converged", "diverged", "convergence_rate", "convergence_low", "convergence_high"):
        assert found[name].tolist() == summary[name].tolist()
    for name in ("epochs_q05", "epochs_q25", "epochs_q50", "epochs_q75", "epochs_q95"):
        assert found[name].equals(summary[name])


def test_the_answers_stand_in_order_and_say_the_numbers(folder):
    found = analyze(folder, locate="final_loss=0.1", half_width=0.05)
    assert list(found.sentences) == SECTIONS
    assert "80 trials of 4 configurations (hidden x learning_rate), 20 seeds each" in found.sentences["trials"][0]
    text = str(found)
    for sentences in found.sentences.values():
        for sentence in sentences:
            assert " ".join(sentence.split()) in " ".join(text.split())
    for heading in ("Is it typical?", "Which is best", "Why the others did not converge", "How many seeds are enough"):
        assert heading in text


def test_a_famous_rate_is_said_as_it_is_known():
    times = [[10.0] * 999 + [math.inf]]
    assert analyze(table(times)).sentences["rate"] == ("999 of 1,000 seeds converge: 99.9 % (99.4 % to 99.98 %).",)


def test_one_configuration_has_answers_of_its_own():
    found = analyze(grid([0.7]), locate="final_loss=0.2")
    assert found.best is None
    assert found.effects.empty
    assert set(found.sentences) == {"trials", "located", "rate", "epochs", "restarts", "loss", "seeds"}
    assert strict(found)["best"] is None


@pytest.mark.parametrize("count", [1, 2, 40, 3000])
def test_the_text_is_short_however_many_configurations_there_are(count):
    text = str(analyze(grid(np.linspace(0.1, 0.9, count), size=6)))
    assert len(text.splitlines()) < 70
    assert max(map(len, text.splitlines())) <= 160
    if count == 3000:
        assert "2,988 more with --json" in text


def test_the_text_fits_a_narrow_terminal(monkeypatch):
    monkeypatch.setattr("runner.analysis.printing._WIDTH", 72)
    text = str(analyze(grid([0.3, 0.6, 0.9])))
    assert max(map(len, text.splitlines())) <= 72
    assert "converge" in text


def test_everything_is_strict_json(folder):
    found = analyze(folder, locate="final_loss=0.1", half_width=0.05)
    held = strict(found)
    assert held["axes"] == ["hidden", "learning_rate"]
    assert len(held["configurations"]) == 4
    assert held["configurations"][0]["hidden"] == 2
    assert held["best"]["table"][0]["rank"] == 1
    assert held["effects"][0]["axis"] == "hidden"
    assert {row["verdict"] for row in held["located"]} <= {"typical", "unusual", "borderline"}
    assert sum(
        row["saturated"] + row["plateau"] + row["improving"] + row["oscillating"] for row in held["configurations"]
    ) == sum(row["not_converged"] for row in held["configurations"])


def test_fates_are_counted_where_they_are_recorded(folder):
    found = analyze(folder)
    assert "of 4 configurations" in found.sentences["trials"][0]
    stuck = int(found.configurations["not_converged"].sum())
    assert found.sentences["fates"][0].startswith(f"Of {stuck} trials that did not converge, ")
    assert "fates" not in analyze(grid([0.5])).sentences


@pytest.mark.parametrize("rates", [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0], [1.0]])
def test_all_or_none_may_converge(rates):
    found = analyze(grid(rates), half_width=0.1)
    strict(found)
    if max(rates) == 0 and len(rates) > 1:
        assert "No trial converged" in found.sentences["best"][0]
        assert "least median loss" in found.sentences["best"][0]


def test_losses_of_stopped_trials_are_not_ranked():
    frame = table([[math.inf] * 9, [math.inf] * 9], loss=np.arange(18)).assign(stop=True)
    found = analyze(frame)
    assert found.sentences["best"] == ("No trial converged, so that no configuration is best.",)
    assert any("not ranked" in note for note in found.notes)


def test_only_diverged_trials_are_said_to_be_so():
    frame = table([[math.inf] * 6] * 2, loss=np.full(12, math.nan)).assign(outcome="diverged", max_error=math.nan)
    found = analyze(frame, locate="final_loss=1")
    assert any("All trials diverged" in note for note in found.notes)
    assert "loss" not in found.sentences
    assert found.located["missing"].tolist() == [6, 6]
    strict(found)


def test_unequal_budgets_are_said_and_read_by_kaplan_and_meier():
    stream = np.random.default_rng(0)
    times = np.ceil(stream.exponential(400, (1, 200)))
    found = analyze(table(times, budget=np.where(np.arange(200) < 100, 100, BUDGET)))
    row = found.configurations.iloc[0]
    assert row["budget"] == 100
    assert row["censored"] > 50
    assert row["convergence_rate"] > (times[:, :100] <= 100).mean()
    assert "Kaplan and Meier" in found.notes[0]


trial = st.tuples(st.sampled_from(["converged", "not-converged", "diverged"]), st.integers(0, 30), st.floats(0, 1))
row = st.tuples(st.integers(1, 3), st.sampled_from([0.1, 1.0]), st.integers(0, 5), trial)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(row, min_size=1, max_size=40, unique_by=lambda row: row[:3]))
def test_any_table_has_answers(rows):
    frame = pd.DataFrame(
        {
            "trial": range(len(rows)),
            "task": "xor",
            "hidden": [hidden for hidden, *_ in rows],
            "learning_rate": [rate for _, rate, *_ in rows],
            "seed": [seed for *_, seed, _ in rows],
            "outcome": [outcome for *_, (outcome, _, _) in rows],
            "converged": [outcome == "converged" for *_, (outcome, _, _) in rows],
            "epochs_to_convergence": [time if outcome == "converged" else None for *_, (outcome, time, _) in rows],
            "epochs_run": 30,
            "holds_at_end": False,
            "final_loss": [loss if outcome != "diverged" else None for *_, (outcome, _, loss) in rows],
            "max_error": 0.5,
        }
    )
    found = analyze(frame, locate="final_loss=0.5", half_width=0.2)
    held = strict(found)
    assert sum(row["trials"] for row in held["configurations"]) == len(rows)
    assert str(found)
    keys = ["hidden", "learning_rate"]
    one, other = (
        analyze(table).configurations.drop(columns="together").sort_values(keys, ignore_index=True)
        for table in (frame, frame.sample(frac=1.0, random_state=0))
    )
    pd.testing.assert_frame_equal(one, other)  # whatever the order of the rows


@pytest.mark.parametrize("width", [0.0, 0.5, 1.0, -1.0, math.nan])
def test_a_half_width_is_a_share(width):
    with pytest.raises(RunnerError, match=r"must be a share between 0 and 0\.5"):
        analyze(grid([0.5]), half_width=width)


def test_python_has_it_by_name():
    assert runner.analyze is analyze


def test_the_command_prints_text_or_json(folder):
    done = invoke(commands.app, ["analyze", str(folder), "--where", "hidden == 4", "--locate", "final_loss=0.1"])
    assert done.exit_code == 0
    assert done.stdout.startswith("small, where hidden == 4\n40 trials of 2 configurations (learning_rate)")
    done = invoke(commands.app, ["analyze", str(folder), "--json", "--half-width", "0.1"])
    assert json.loads(done.stdout)["needed"][0]["seeds_needed"] > 0
