import tomllib

import pytest
import tomli_w

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.studies.printed import bounds, numbers
from runner.studies.study import claim_columns, read_study, shipped_studies
from runner.tracing.intermediates import intermediate_columns

STUDY = """
[source]
title = "A paper"
authors = "Somebody"
year = 1990
where = "Somewhere"

[[assumption]]
open = "the seed"
taken = "all of them"

[[experiment]]
name = "one"
task = "xor"
training = { epochs = 3 }
sweep = { seeds = 4, epochs = [1, 3] }

[[experiment]]
name = "two"
task = "xor"
training = { epochs = 3 }
record = { curve = [0, 3] }

[[claim]]
id = "first"
kind = "value"
experiment = "one"
column = "output_0"
where = "seed == 2"
epoch = 3
published = "0.5"

[[claim]]
id = "second"
kind = "statistic"
experiment = "two"
column = "not converged"
statistic = "rate"
published = "5 to 50 %"
"""


def written(tmp_path, change=dict):
    study = tomllib.loads(STUDY)
    change(study)
    path = tmp_path / "paper.toml"
    path.write_text(tomli_w.dumps(study), encoding="utf-8")
    return path


def test_a_study_is_read_whole(tmp_path):
    study = read_study(written(tmp_path))
    assert (study.name, study.source.year, study.assumptions[0].taken) == ("paper", 1990, "all of them")
    assert list(study.experiments) == ["one", "two"]
    assert study.experiments["one"] == read(tomllib.loads(STUDY)["experiment"][0])
    assert [(claim.id, claim.expect) for claim in study.claims] == [("first", "holds"), ("second", "holds")]


def test_where_there_is_one_experiment_claims_need_not_name_it(tmp_path):
    def change(study):
        del study["experiment"][1], study["claim"][1], study["claim"][0]["experiment"]

    assert read_study(written(tmp_path, change)).claims[0].experiment == "one"


def claim(**changes):
    return lambda study: study["claim"][0].update(changes)


def picture(**keys):
    return lambda study: study.update(picture=[{"file": "a", "kind": "map", "experiment": "one", **keys}])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda study: study.pop("claim"), "claim: is missing; a study needs [[claim]] at least once"),
        (lambda study: study.update(claim=[]), "claim: is missing; a study needs [[claim]] at least once"),
        (lambda study: study.pop("source"), "source: is missing; a study needs one"),
        (lambda study: study.update(claims=[]), "claims = []: there is no such table; did you mean claim?"),
        (lambda study: study["source"].update(year="1990"), 'source.year = "1990": must be a whole number'),
        (
            lambda study: study["experiment"][0].update(task="xr"),
            'experiment[0]: task = "xr": there is no such task; did you mean xor?',
        ),
        (
            lambda study: study["experiment"][1].update(name="one"),
            'experiment[1].name = "one": stands twice in this study',
        ),
        (lambda study: study["claim"][1].update(id="first"), 'claim[1].id = "first": stands twice in this study'),
        (lambda study: study["claim"][0].pop("experiment"), "claim[0].experiment: is missing; it may be one of"),
        (claim(experiment="tow"), 'claim[0].experiment = "tow": there is no such experiment; did you mean two?'),
        (claim(kind="vaule"), 'claim[0].kind = "vaule": must be "value" or "typical" or "statistic" or "impossible"; '),
        (claim(colum="a"), 'claim[0].colum = "a": there is no such key; did you mean column?'),
        (claim(column="outptu_0"), "claim[0].column: there is no column outptu_0; did you mean output_0?"),
        (claim(column="outcome"), "claim[0].column: column outcome holds words"),
        (claim(column="loss"), "claim[0].column: loss needs an epoch of record.curve; 3 is not among them"),
        (claim(where="sed == 2"), "claim[0].where: there is no column sed; did you mean seed?"),
        (claim(where="__import__('os')"), "claim[0].where: "),
        (claim(published="a half"), "claim[0].published: must be numbers as printed"),
        (claim(published="0.5 0.6"), 'claim[0].column = "output_0": 2 numbers are printed, and 1 columns named'),
        (claim(statistic="mean"), 'claim[0].statistic: belongs to kind = "statistic", and only there'),
        (claim(experiment="two", where=""), "claim[0].epoch = 3: needs epochs as an axis of the experiment"),
        (
            claim(experiment="two", column="hidden_slopes[0,1]", epoch=None),
            "claim[0].epoch: is missing; hidden_slopes[0,1] is of one epoch",
        ),
        (lambda study: study["claim"][1].update(column="final_loss"), "claim[1].column: column final_loss is no flag"),
        (lambda study: study["claim"][1].update(published="many"), "claim[1].published: must be a number as printed"),
        (lambda study: study["claim"][1].update(published=""), "claim[1].published: must be a number as printed"),
        (
            lambda study: study["claim"][1].update(statistic="count", against=""),
            "claim[1].against: goes with a statistic of rate, mean, harmonic-mean, restarts",
        ),
        (picture(x="seed"), "picture[0].y: belongs to a map or a grid, and only there"),
        (picture(x="seed", y="sed"), 'picture[0].y = "sed": there is no such column; did you mean seed?'),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path, change, message):
    def made(study):
        change(study)
        for table in study.get("claim", []):
            for key in [key for key, value in table.items() if value is None]:
                del table[key]

    path = written(tmp_path, made)
    with pytest.raises(RunnerError) as caught:
        read_study(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_unknown_study_is_refused_with_the_nearest_name():
    with pytest.raises(RunnerError, match=r"there is no such study; did you mean exam\?"):
        read_study("exm")


def test_columns_with_a_star_are_those_of_the_table_first(tmp_path):
    study = read_study(written(tmp_path))
    outputs = study.claims[0].model_copy(update={"column": "output_*"})
    assert claim_columns(outputs, study.experiments["two"]) == [f"output_{sample}" for sample in range(4)]
    slopes = outputs.model_copy(update={"column": "output_slopes[*]"})
    assert claim_columns(slopes, study.experiments["two"]) == [f"output_slopes[{sample},0]" for sample in range(4)]


def test_intermediates_belong_to_a_single_configuration(tmp_path):
    study = read_study(written(tmp_path))
    assert intermediate_columns(study.experiments["one"]) == []
    names = intermediate_columns(study.experiments["two"])
    assert {"hidden_deltas[3,3]", "trained_W1[1,3]", "trained_W2[3,0]", "outputs[0,0]"} <= set(names)
    assert not any("b1" in name for name in names)


def test_printed_digits_are_matched_to_half_a_unit_of_the_last():
    (tenth,) = numbers("0.1")
    assert tenth.matches(0.15)  # as a double, below 0.15
    assert not tenth.matches(0.1500001)
    (whole,) = numbers("1.80000000000000000000")
    assert not whole.matches(1.8)  # the nearest double is not 1.8
    assert whole.matches(1.8, digits=16)
    assert numbers("1e-05")[0].matches(1.4e-5)
    assert numbers("-7")[0].matches(-7.5)
    assert not numbers("1")[0].matches(float("nan"))


def test_agreement_counts_the_significant_digits():
    (loss,) = numbers("0.00019854477829198277")
    assert loss.agreement(0.00019854477829198277) == (17, 17)
    assert loss.agreement(0.00019854477829198475) == (14, 17)
    assert loss.agreement(0.5) == (0, 17)
    assert numbers(".85")[0].rounded(0.8512) == "0.85"
    assert numbers("6.28563790e-05")[0].rounded(6.285637901e-05) == "6.28563790e-05"


def test_bounds_of_statistics():
    assert bounds("23.75").single == 23.75
    assert bounds("29 %").single == pytest.approx(0.29)
    assert bounds("29 %").half_unit == pytest.approx(0.005)
    assert [bounds("5 to 50 %").hold(x) for x in (0.04, 0.05, 0.5, 0.51)] == [False, True, True, False]
    assert [bounds("> 0").hold(x) for x in (0.0, 0.1, float("inf"))] == [False, True, True]
    assert [bounds("< 80 %").hold(x) for x in (0.79, 0.8, float("inf"))] == [True, False, False]
    for wrong in ("", "5 to", "> 5 to 6", "6 to 5", "about 5"):
        with pytest.raises(ValueError, match="must"):
            bounds(wrong)


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_read_without_warnings(name):
    study = read_study(name)
    assert all(experiment.warnings == () for experiment in study.experiments.values())
    assert study.assumptions
    used = {table.experiment for table in (*study.claims, *study.pictures)}
    assert used == set(study.experiments)
