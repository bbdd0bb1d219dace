import csv
import tomllib

import pytest
import tomli_w

from runner.errors import RunnerError
from runner.studies.published import publish
from runner.studies.reproduce import held, judged, reproduce, tally, words
from runner.studies.study import read_study

STUDY = """
[source]
title = "A paper"
authors = "somebody"
where = "Somewhere"

[[assumption]]
open = "the seed"
taken = "twenty of them"

[[experiment]]
name = "xor"
task = "xor"
training = { epochs = 50 }
sweep = { seeds = 20, hidden = [2, 3], learning_rate = [0.5, 1.0, 2.0] }

[[claim]]
id = "at-the-end"
kind = "statistic"
statistic = "rate"
column = "converged"
published = "0 to 100 %"

[[claim]]
id = "beyond"
kind = "impossible"
column = "output_0"
published = "1.5"
note = "above 1 | as no sigmoid is"

[[claim]]
id = "wrong"
kind = "typical"
column = "final_loss"
where = "hidden == 2"
published = "7.0"
expect = "fails"
"""


@pytest.fixture
def study(tmp_path):
    return made(tmp_path)


def made(tmp_path, **of_the_last):
    content = tomllib.loads(STUDY)
    content["claim"][-1].update(of_the_last)
    path = tmp_path / "paper.toml"
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    return path


def test_what_is_expected_holds(study, tmp_path, capsys):
    assert reproduce([str(study)], tmp_path / "results", 1)
    printed = capsys.readouterr().out
    for words_ in ("claim", "published", "ours", "interval", "verdict", "at-the-end", "fails: unusual (as expected)"):
        assert words_ in printed
    assert "3 claims: 2 hold, 1 fail as expected, 0 fail that were open, 0 fail against expectation" in printed


def test_a_claim_that_is_expected_to_hold_and_does_not_is_told(tmp_path, capsys):
    assert not reproduce([str(made(tmp_path, expect="holds"))], tmp_path / "results", 1)
    assert "fails: unusual (expected: holds)" in capsys.readouterr().out
    assert reproduce([str(made(tmp_path, expect="open"))], tmp_path / "results", 1)
    assert "fails: unusual (open)" in capsys.readouterr().out


def test_quiet_prints_nothing(study, tmp_path, capsys):
    reproduce([str(study)], tmp_path / "results", 1, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_what_is_complete_is_not_run_again(study, tmp_path):
    verdicts = held(read_study(study), tmp_path, 1, quiet=True)
    manifest = tmp_path / "published" / "paper" / "xor" / "manifest.json"
    before = manifest.stat().st_mtime_ns
    assert held(read_study(study), tmp_path, 1, quiet=True) == verdicts
    assert manifest.stat().st_mtime_ns == before


def test_claims_are_written_with_their_printed_digits(study, tmp_path):
    verdicts = held(read_study(study), tmp_path, 1, quiet=True)
    with (tmp_path / "published" / "paper" / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["claim"] for row in rows] == ["at-the-end", "beyond", "wrong"]
    assert [row["verdict"] for row in rows] == [verdict.verdict for verdict in verdicts] == ["holds", "holds", "fails"]
    assert rows[2]["published"] == "7.0"
    assert rows[2]["expected"] == "fails"
    assert (rows[0]["trials"], rows[2]["trials"]) == ("120", "60")


def test_a_study_that_cannot_be_used_is_refused_before_any_is_run(study, tmp_path):
    with pytest.raises(RunnerError, match="there is no such study"):
        reproduce([str(study), "no-such-study"], tmp_path / "results", 1)
    assert not (tmp_path / "results").exists()


def test_a_claim_that_selects_nothing_names_the_study(tmp_path):
    path = made(tmp_path, where="hidden == 9")
    with pytest.raises(RunnerError, match=r"paper\.toml: claim wrong: selects no trial: hidden == 9"):
        reproduce([str(path)], tmp_path / "results", 1)


def test_the_page_holds_assumptions_claims_verdicts_and_pictures(tmp_path):
    path = made(tmp_path)
    picture = '[[picture]]\nfile = "rates"\nkind = "{}"\nx = "hidden"\ncaption = "Rates"\n{}\n'
    text = path.read_text(encoding="utf-8") + picture.format("bands", 'by = ["learning_rate"]')
    text += picture.format("map", 'y = "learning_rate"').replace('"rates"', '"loss"') + 'value = "final_loss"\n'
    path.write_text(text, encoding="utf-8")
    held(read_study(path), tmp_path, 1, quiet=True)
    out = publish(tmp_path, tmp_path / "docs" / "published.md", [str(path)])
    page = out.read_text(encoding="utf-8")
    assert "## paper" in page
    assert "*A paper*, somebody; Somewhere." in page
    assert "- the seed: twenty of them." in page
    assert "| wrong | 7.0 |" in page
    assert "above 1 \\| as no sigmoid is" in page
    for name in ("rates", "loss"):
        assert f"![Rates](published/paper/{name}.png)" in page
        assert (tmp_path / "docs" / "published" / "paper" / f"{name}.png").stat().st_size > 1000


def test_the_page_of_a_study_that_was_not_run_says_what_runs_it(study, tmp_path):
    with pytest.raises(RunnerError, match="`reproduce paper` makes what is missing"):
        publish(tmp_path, tmp_path / "published.md", [str(study)])


@pytest.mark.parametrize("name", ["patterns", "exam", "xor_no_constant", "gender"])
def test_documents_come_out_as_printed(name, tmp_path):
    verdicts = held(read_study(name), tmp_path, 1, quiet=True)
    assert judged(read_study(name), tmp_path) == verdicts
    assert not [(verdict.claim.id, words(verdict)) for verdict in verdicts if verdict.disappoints]
    assert "0 fail against expectation" in tally(verdicts)
