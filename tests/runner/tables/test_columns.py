from typing import get_args, get_type_hints

import pytest

from runner.experiment.document import TABLES
from runner.experiment.reading import read
from runner.experiment.spec import SWEEPABLE
from runner.tables.columns import KEYS, answer_columns, is_key, swept, trial_columns, trial_kind, trial_kinds

RESULTS = ["seed", "outcome", "converged", "epochs_to_convergence", "epochs_run", "holds_at_end"]
RESULTS += ["final_loss", "max_error"]


def experiment(**more):
    return read({"name": "a", "task": "xor"} | more)


def test_columns_of_a_plain_experiment():
    answers = ["output_0", "output_1", "output_2", "output_3"]
    assert trial_columns(experiment()) == ["trial", "task", "hidden", "learning_rate", *RESULTS, *answers]


def test_swept_keys_stand_in_order_of_first_appearance_and_once():
    grids = [{"momentum": [0.5], "learning_rate": [1, 2], "seeds": 3}, {"bias": [True], "momentum": [0], "hidden": [2]}]
    found = experiment(sweep=grids)
    assert swept(found) == ["hidden", "learning_rate", "momentum", "bias"]
    assert trial_columns(found)[:8] == [
        "trial",
        "task",
        "hidden",
        "learning_rate",
        "momentum",
        "bias",
        "seed",
        "outcome",
    ]


def test_answers_are_numbered_by_sample_and_by_output_where_there_are_several():
    task = {"inputs": [[0], [1]], "targets": [[0, 1], [1, 0]], "probes": [[2]]}
    outputs, probes = answer_columns(experiment(task=task, record={"probes": [[3], [4]]}))
    assert outputs == ["output_0_0", "output_0_1", "output_1_0", "output_1_1"]
    assert probes == [f"probe_{probe}_{output}" for probe in range(3) for output in range(2)]
    assert answer_columns(experiment(task="exam"))[1] == ["probe_0"]
    assert trial_columns(experiment(task=task))[-6:] == [*outputs, "probe_0_0", "probe_0_1"]


def test_answers_are_left_out_where_they_are_not_recorded():
    found = experiment(task="exam", record={"outputs": False})
    assert answer_columns(found) == ([], [])
    assert trial_columns(found)[-1] == "max_error"


def test_fates_stand_between_errors_and_answers_where_they_are_recorded():
    found = trial_columns(experiment(record={"fate": True}))
    fates = ["gradient_norm", "saturated_share", "saturated_error", "loss_change", "loss_rise"]
    assert found == ["trial", "task", "hidden", "learning_rate", *RESULTS, *fates, *answer_columns(experiment())[0]]


@pytest.mark.parametrize("key", SWEEPABLE)
def test_every_sweepable_key_has_the_kind_of_its_values(key):
    hint = get_type_hints(TABLES[SWEEPABLE[key]])[key]
    kinds = {float: "real", int: "whole", bool: "flag"}
    types = [hint, *get_args(hint)]
    assert KEYS[key] == next((kinds[kind] for kind in types if kind in kinds), "word")
    assert list(KEYS) == list(SWEEPABLE)


def test_a_scale_is_a_word_where_any_grid_names_a_rule():
    rule = "1/sqrt(fan_in)"
    assert trial_kinds(experiment(sweep={"scale": [1, 2]}))["scale"] == "real"
    assert trial_kinds(experiment(sweep={"scale": [1, rule]}))["scale"] == "word"
    assert trial_kinds(experiment(init={"scale": rule}, sweep=[{"scale": [1]}, {"seeds": 2}]))["scale"] == "word"
    assert "scale" not in trial_kinds(experiment(init={"scale": rule}))


def test_a_swept_weight_is_a_real_key():
    found = experiment(network={"bias": True}, sweep={"b1[2]": [0.5], "W1[0,1]": [1, 2]})
    assert swept(found) == ["hidden", "learning_rate", "b1[2]", "W1[0,1]"]
    assert trial_kinds(found)["W1[0,1]"] == trial_kind("W1[0,1]") == trial_kind("b1[2]") == "real"
    assert [is_key(name) for name in ("W1[0,1]", "b1[2]", "momentum", "seed", "output_0", "W3[0,0]")] == [True] * 3 + [
        False
    ] * 3


def test_a_column_is_known_by_its_name_alone():
    found = trial_kinds(
        experiment(task="exam", record={"fate": True}, sweep={"stop": [True], "metric": ["loss"], "std": [2]})
    )
    assert {name: trial_kind(name) for name in found} == found
    assert trial_kind("remark") is None
