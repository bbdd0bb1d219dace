import re

import pytest

from runner.experiment.reading import read
from runner.sweeping.closing import print_plan, print_results
from tests.runner.running import swept

TRAINING = {"task": "xor", "training": {"epochs": 3}}


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")


def lines(capsys):
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_plan_lists_axes_and_counts(capsys):
    axes = {"hidden": [2, 3], "learning_rate": {"start": 1, "stop": 20, "num": 20}, "seeds": {"first": 5, "count": 100}}
    print_plan(read({"name": "a", "task": "xor", "sweep": axes}))
    *found, last = lines(capsys)
    assert found == [
        "a: task xor, 4 samples, 2 inputs, 1 output",
        "  axes",
        "    hidden: 2 (2, 3)",
        "    learning_rate: 20 (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, …)",
        "    seeds: 100 (5 to 104)",
    ]
    assert last.startswith("  40 configurations, 4,000 trials, ")
    assert last.endswith(" chunks")


def test_a_plan_of_a_union_lists_its_grids(capsys):
    grids = [{"hidden": [2], "seeds": [1, 9]}, {"W1[0,1]": [0.5]}]
    print_plan(read({"name": "a", "task": "xor", "sweep": grids}))
    assert lines(capsys)[1:] == [
        "  grid 0",
        "    hidden: 1 (2)",
        "    seeds: 2 (1, 9)",
        "  grid 1",
        "    W1[0,1]: 1 (0.5)",
        "    seeds: 1 (0 to 0)",
        "  2 configurations, 3 trials, 2 chunks",
    ]


@pytest.mark.parametrize("word", ["[/b]", "[red]", ":smile:"])
def test_names_are_printed_as_they_are(tmp_path, capsys, word):
    task = {"name": word, "inputs": [[0], [1]], "targets": [[0], [1]]}
    print_plan(read({"name": "a", "task": task}))
    assert f"task {word}, 2 samples" in capsys.readouterr().out
    folder = swept({"name": "a", **TRAINING}, tmp_path / word)
    print_results(folder, new=False)
    assert f"{folder} is complete already: 1 trial (" in capsys.readouterr().out


def test_two_axes_are_crossed(tmp_path, capsys):
    sweep = {"hidden": [2, 3], "learning_rate": [0.1, 10.0], "seeds": 3}
    folder = swept({"name": "a", **TRAINING, "convergence": {"threshold": 0.9}, "sweep": sweep}, tmp_path)
    print_results(folder, new=True)
    found = lines(capsys)
    assert found[0].startswith("12 trials of 4 configurations in ")
    assert found[0].endswith(" s: 12 converged, 0 did not, 0 diverged")
    assert found[2] == "share of seeds that converged, by hidden and learning_rate"
    assert [line.split() for line in found[3:6]] == [
        ["hidden", "\\", "learning_rate", "0.1", "10"],
        ["2", "100.0%", "100.0%"],
        ["3", "100.0%", "100.0%"],
    ]
    assert found[-3:] == [f"  {folder / name}" for name in ("trials.csv", "summary.csv", "manifest.json")]


def test_other_sweeps_are_listed(tmp_path, capsys):
    folder = swept({"name": "a", **TRAINING, "sweep": {"threshold": [k / 10 for k in range(1, 16)]}}, tmp_path)
    print_results(folder, new=True)
    found = lines(capsys)
    assert found[1].split() == ["threshold", "converged", "95", "%", "interval", "median", "epochs", "median", "loss"]
    assert found[2].split()[:2] == ["0.1", "0.0%"]
    assert found[13].split()[:2] == ["1.2", "100.0%"]
    assert found[14] == "3 more in summary.csv"


def test_one_configuration_is_named_by_its_network(tmp_path, capsys):
    folder = swept({"name": "a", **TRAINING}, tmp_path)
    print_results(folder, new=True)
    found = lines(capsys)
    assert found[1].split()[:3] == ["hidden", "learning_rate", "converged"]
    assert found[2].split()[:3] == ["4", "1", "0.0%"]


def test_what_is_missing_is_left_blank(tmp_path, capsys):
    """A weight as drawn, epochs of trials that never converged, and losses that are not finite."""
    content = {"name": "a", "task": {"inputs": [[0.5]], "targets": [[1e30]]}, "training": {"precision": "float32"}}
    folder = swept(content | {"sweep": [{"W1[0,0]": [0.5, 1.0], "hidden": [1]}, {"hidden": [1, 2]}]}, tmp_path)
    print_results(folder, new=True)
    printed = capsys.readouterr().out
    assert "4 diverged" in printed
    assert "nan" not in printed


@pytest.mark.parametrize("rates", [2, 9])
def test_of_a_large_summary_only_what_is_printed_is_read(tmp_path, capsys, rates):
    """Its rows may be more than memory holds."""
    axes = {"hidden": [1, 2, 3], "learning_rate": {"start": 1, "stop": rates, "num": rates}, "momentum": [0.0, 0.5]}
    folder = swept({"name": "a", **TRAINING, "sweep": axes}, tmp_path)
    print_results(folder, new=True)
    found = capsys.readouterr().out
    shown = min(6 * rates, 12)
    rows = (folder / "summary.csv").read_text().splitlines(keepends=True)
    (folder / "summary.csv").write_text("".join(rows[: shown + 1]) + 'a,"row",that,cannot,be,read,' * 9 + "\n" * 9)
    print_results(folder, new=True)
    assert capsys.readouterr().out == found
    assert f"{6 * rates} trials of {6 * rates} configurations in " in found
    assert (f"{6 * rates - 12} more in summary.csv" in found) == (rates > 2)


def test_one_of_a_kind_is_not_named_as_several(tmp_path, capsys):
    content = {"name": "a", **TRAINING}
    print_plan(read(content))
    assert lines(capsys)[-1] == "  1 configuration, 1 trial, 1 chunk"
    print_results(swept(content, tmp_path), new=True)
    assert lines(capsys)[0].startswith("1 trial of 1 configuration in ")


def test_the_chunks_of_a_large_plan_are_about_so_many(capsys):
    print_plan(read({"name": "a", "task": "xor", "sweep": {"hidden": [2, 4], "seeds": 10**9}}))
    found = re.search(r"2,000,000,000 trials, about ([\d,]+) chunks", lines(capsys)[-1])
    assert 50_000 < int(found[1].replace(",", "")) < 500_000
