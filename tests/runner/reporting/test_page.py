import json
import re

import pandas as pd
import pytest
from typer.testing import CliRunner

from runner import report
from runner.commands import app
from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.reporting import page as reporting
from runner.reporting import tables
from runner.sweeping.run import Run, is_complete
from runner.tables.loading import load
from tests.runner.plots.frames import trials
from tests.runner.reporting.conftest import EVIL, GRID
from tests.runner.reporting.html import check, parsed
from tests.runner.running import swept

CASES = {
    "one trial": {"task": "xor", "training": {"epochs": 3}},
    "nothing converged, no outputs": {
        "task": "xor",
        "training": {"epochs": 2},
        "record": {"outputs": False},
        "sweep": {"seeds": 5, "hidden": [2, 3]},
    },
    "only diverged": {"task": "xor", "training": {"momentum": 1e20}, "sweep": {"seeds": 3, "hidden": [2, 3]}},
    "several outputs, converged at once": {
        "task": {"inputs": [[0.0], [1.0]], "targets": [[0.0, 1.0], [1.0, 0.0]], "probes": [[0.5]]},
        "convergence": {"threshold": 9.0},
        "sweep": {"seeds": 4},
    },
    "stopped": {"task": "xor", "convergence": {"stop": True}, "sweep": {"seeds": 9, "hidden": [3, 4]}},
    "initial weights, flags and words as axes": {
        "task": "xor",
        "sweep": [
            {"seeds": 1, "W1[0,0]": [-1.0, 1.0]},
            {"seeds": 4, "bias": [True, False], "scale": ["1/sqrt(fan_in)", 2.0]},
        ],
    },
}


def titles(root):
    """The headings of the sections."""
    return [heading.text for heading in root.all("h2")]


@pytest.mark.parametrize("case", CASES)
def test_any_sweep_has_a_page_that_everyone_can_read(tmp_path, case):
    folder = swept({"name": "case", **CASES[case]}, tmp_path, format="parquet" if case == "stopped" else "csv")
    root = parsed(report(folder))
    check(root)
    assert {"In short", "What was run", "How long it takes", "Final loss", "Every configuration"} <= {*titles(root)}
    assert ("Answers against targets" in titles(root)) == (case != "nothing converged, no outputs")
    words = " ".join(part.text for part in root.all("header", "main") if not part.all("script"))
    words += " ".join(part.text for part in root.all("p", "li", "td", "th", "figcaption", "dd", "text"))
    assert not re.search(r"\b(nan|NaN|<NA>|None|inf|Timestamp|dtype)\b", words), "no value leaks as Python writes it"


def test_every_part_of_a_grid_is_on_its_page(page):
    root = parsed(page)
    check(root)
    assert titles(root) == [
        "In short",
        "What was run",
        "Convergence over the axes",
        "How long it takes",
        "Final loss",
        "Loss over epochs",
        "Answers against targets",
        "The best, and the axes",
        "How many seeds are enough",
        "Every configuration",
        "Where it comes from",
        "Cite and reproduce",
    ]
    what = {entry.all("dt")[0].text: entry.all("dd")[0].text for entry in root.all("dl")[0].all("div")}
    assert what["Learning rate"] == "1 or 8"
    assert (
        what["Training"]
        == "800 epochs of batch or online updates along the gradient of the sum of squared errors, float64"
    )
    assert what["Converged"] == "once the mean squared error is at most 0.01, tested after every epoch"
    assert what["Trials"] == "96 of 8 configurations"


def test_names_cannot_become_markup(page):
    text = page.read_text()
    root = parsed(page)
    assert [script.attributes.get("type") for script in root.all("script")] == ["application/json", None]
    assert len(root.all("style")) == 1
    assert EVIL in root.all("header")[0].text
    assert "<script>alert" not in text
    assert "49" not in root.all("header")[0].text, "a template in a name is text"


def test_a_page_asks_for_nothing(page):
    text = page.read_text()
    policy = next(meta.attributes["content"] for meta in parsed(page).all("meta") if "http-equiv" in meta.attributes)
    assert str(policy).startswith("default-src 'none'")
    addresses = set(re.findall(r"\b(?:https?:|//)[^\s\"'<>)]*", re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)))
    assert addresses <= {"http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg"}, "names, which nobody fetches"
    assert "@import" not in text
    assert "url(http" not in text


def test_the_same_tables_give_the_same_bytes(folder, page, tmp_path):
    assert report(load(folder), tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_the_experiment_on_the_page_is_the_experiment(folder, page):
    import tomllib

    toml, steps = (block.text for block in parsed(page).all("pre"))
    assert read(tomllib.loads(toml)) == read(GRID)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert "python -m runner sweep grid.toml" in steps
    assert manifest["files"]["trials.csv"]["sha256"] in steps
    assert manifest["files"]["trials.csv"]["sha256"] in parsed(page).all("p")[-3].text + page.read_text()


def test_the_table_of_configurations_says_what_the_summary_says(folder, page):
    *_, table, _ = parsed(page).all("table")
    header = [cell.text for cell in table.all("thead")[0].all("th")]
    summary = pd.read_csv(folder / "summary.csv")
    rows = [[cell.text for cell in row.all("th", "td")] for row in table.all("tbody")[0].all("tr")]
    assert header[:5] == ["hidden units", "learning rate", "update", "trials", "converged, %"]
    assert [row[0] for row in rows] == summary["hidden"].astype(str).tolist()
    assert [row[4] for row in rows] == [f"{100 * rate:.1f}" for rate in summary["convergence_rate"]]
    assert [row[5] for row in rows] == [
        f"{100 * low:.1f} to {100 * high:.1f}"
        for low, high in zip(summary["convergence_low"], summary["convergence_high"], strict=True)
    ]


def test_the_map_holds_the_counts_of_every_configuration(folder, page):
    text = next(script.text for script in parsed(page).all("script") if script.attributes.get("type"))
    data = json.loads(text)
    summary = pd.read_csv(folder / "summary.csv")
    assert [axis["label"] for axis in data["axes"]] == ["hidden units", "learning rate", "update"]
    named = [[axis["values"][place] for place in axis["places"]] for axis in data["axes"]]
    assert named[0] == summary["hidden"].astype(str).tolist()
    assert named[2] == summary["update"].tolist()
    assert data["converged"] == summary["converged"].tolist()
    assert data["trials"] == 12
    rows = load(folder).trials
    restricted = rows["epochs_to_convergence"].fillna(rows["epochs_run"]).astype(float)
    means = restricted.groupby([rows[key] for key in ("hidden", "learning_rate", "update")], sort=False, observed=True)
    assert data["epochs"] == pytest.approx(means.mean().round(1).tolist(), abs=0.11)


def test_a_page_beside_the_tables_leaves_the_results_complete(folder, page):
    assert page == folder / "report.html"
    assert is_complete(read(GRID), Run(folder, 1, "threads", "csv"))


def test_a_table_alone_tells_what_it_can(folder, tmp_path):
    bare = tmp_path / "merged & moved.csv"
    rows = pd.read_csv(folder / "trials.csv")
    pd.concat([rows, rows.assign(seed=rows["seed"] + 100)]).to_csv(bare, index=False)
    page = report(bare)
    assert page == tmp_path / "merged & moved-report.html"
    root = parsed(page)
    check(root)
    assert root.all("h1")[0].text == "merged & moved"
    assert "no manifest.json is known to be its own" in root.all("aside")[0].text
    assert "Cite and reproduce" not in titles(root)
    assert "Loss over epochs" not in titles(root)


def test_a_table_that_is_not_the_manifests_is_not_taken_for_it(folder, tmp_path):
    (tmp_path / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    pd.read_csv(folder / "trials.csv").head(40).to_csv(tmp_path / "trials.csv", index=False)
    root = parsed(report(tmp_path / "trials.csv"))
    assert "no manifest.json is known to be its own" in root.all("aside")[0].text
    assert not root.all("details"), "no experiment"


def test_a_manifest_that_cannot_be_used_is_said(folder, tmp_path):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["spec"]["training"]["warp"] = 9
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "trials.csv").write_bytes((folder / "trials.csv").read_bytes())
    words = parsed(report(tmp_path / "trials.csv")).all("aside")[0].text
    assert "its manifest.json cannot be used" in words
    assert "warp" in words


def test_of_very_many_configurations_the_table_shows_the_quickest(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROWS", 10)
    monkeypatch.setattr(reporting, "MOST", 59)
    frame = trials({"hidden": list(range(1, 31)), "learning_rate": [0.1, 1.0]}, 4)
    frame.to_csv(tmp_path / "many.csv", index=False)
    root = parsed(report(tmp_path / "many.csv"))
    check(root)
    table = next(table for table in root.all("table") if table.all("caption")[0].text.startswith("What the seeds"))
    assert len(table.all("tbody")[0].all("tr")) == 10
    assert "60 configurations are too many for the map of a page" in root.all("aside")[0].text
    assert not root.all("script")[0].attributes.get("type"), "no map"
    assert "These are the 10 of 60 configurations with the fewest expected epochs" in root.text


def test_where_the_page_cannot_go_is_said_in_one_sentence(folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunnerError, match=r"cannot be written \(.*\); choose another --out"):
        report(folder, tmp_path / "file" / "page.html")
    results = load(folder)
    gone = type(results)(results.trials, results.summary, results.configurations, results.manifest, tmp_path / "gone")
    for nowhere in (gone, results.trials):
        with pytest.raises(RunnerError, match="these results are nowhere on disk"):
            report(nowhere)
    assert report(gone, tmp_path / "kept.html").is_file()
    assert not list(tmp_path.glob(".*")), "no file is left half written"


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(RunnerError, match="there is no such file or folder"):
        report(tmp_path / "nothing")


def test_a_table_in_memory_has_a_page_too(folder, tmp_path):
    root = parsed(report(load(folder).trials.head(24), tmp_path / "frame.html"))
    check(root)
    assert root.all("h1")[0].text == "trials"
    assert "Where it comes from" not in titles(root)


def test_the_command_writes_the_page_and_says_where(folder, page, tmp_path):
    out = tmp_path / "deep" / "page.html"
    done = CliRunner().invoke(app, ["report", str(folder), "--out", str(out)])
    assert (done.exit_code, done.output) == (0, f"{out}\n")
    assert out.read_bytes() == page.read_bytes()
