import json
import re
import signal
import subprocess
import sys
import tomllib

import pytest
from typer.testing import CliRunner

from runner import __main__, __version__, commands
from runner.experiment.reading import read, whole
from runner.experiment.tasks import TASKS
from runner.sweeping import progress
from tests.runner.running import ROOT, command, digests, one_sentence, swept, written

SMALL = {"name": "small", "task": "xor", "training": {"epochs": 20}, "sweep": {"seeds": 10, "hidden": [2, 3]}}
invoke = CliRunner().invoke


@pytest.fixture(autouse=True)
def _signals():
    """A command listens for SIGTERM, and here the process goes on after it."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def run_main(monkeypatch, *words):
    """The exit code of the program in this process."""
    monkeypatch.setattr(sys, "argv", ["runner", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    return ended.value.code


def test_help_loads_no_library_that_it_does_not_need():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runner", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    for name in ("sweep", "show", "tasks", "new", "schema"):
        assert re.search(rf"\b{name}\b", done.stdout)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    heavy = {"numba", "numpy", "pandas", "scipy", "pyarrow", "joblib", "kernels", "pydantic"}
    assert "runner" in loaded
    assert not loaded & heavy


@pytest.mark.parametrize("name", ["sweep", "show", "tasks", "new", "schema"])
def test_every_command_has_help(name):
    done = invoke(commands.app, [name, "-h"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_no_command_shows_help():
    assert "Usage" in invoke(commands.app, []).output


def test_version():
    done = invoke(commands.app, ["--version"])
    assert (done.exit_code, done.output) == (0, f"seedsweep {__version__}\n")


def test_a_sweep_prints_its_results(tmp_path):
    done = command("sweep", written(SMALL, tmp_path), "--results", tmp_path / "results", "--jobs", 2)
    assert done.returncode == 0
    # A machine that compiles for longer than the time between two progress lines shows one, and nothing else.
    assert all(
        re.fullmatch(r"small: .* trials, .* a second, about .* s left", line) for line in done.stderr.splitlines()
    )
    assert done.stdout.startswith("20 trials of 2 configurations in ")
    assert str(tmp_path / "results" / "small" / "trials.csv") in done.stdout
    manifest = json.loads((tmp_path / "results" / "small" / "manifest.json").read_text())
    assert manifest["command"][1:] == ["sweep", str(tmp_path / "small.toml"), *manifest["command"][3:]]
    assert manifest["jobs"] == 2


def test_the_command_and_python_write_the_same_bytes(tmp_path):
    done = invoke(commands.app, ["sweep", str(written(SMALL, tmp_path)), "--results", str(tmp_path), "-q"])
    assert (done.exit_code, done.output) == (0, "")
    assert digests(tmp_path / "small") == digests(swept(SMALL, tmp_path / "python"))


def test_set_overrides_values_and_axes(tmp_path):
    words = ["sweep", str(written(SMALL, tmp_path)), "--results", str(tmp_path), "--set", "sweep.hidden=[5]"]
    assert invoke(commands.app, [*words, "--set", "training.epochs=3", "--set", "name=other", "-q"]).exit_code == 0
    experiment = json.loads((tmp_path / "other" / "manifest.json").read_text())["spec"]
    assert experiment["training"]["epochs"] == 3
    assert experiment["sweep"] == {"seeds": 10, "hidden": [5]}


def test_parquet_is_written_instead(tmp_path):
    words = ["sweep", str(written(SMALL, tmp_path)), "--results", str(tmp_path), "--format", "parquet", "-q"]
    assert invoke(commands.app, words).exit_code == 0
    assert {path.name for path in (tmp_path / "small").glob("trials*")} == {"trials.parquet"}


def test_a_dry_run_writes_nothing(tmp_path, monkeypatch):
    path = written(SMALL, tmp_path)
    monkeypatch.chdir(tmp_path)
    done = invoke(commands.app, ["sweep", str(path), "--dry-run"])
    assert done.exit_code == 0
    assert "2 configurations, 20 trials" in done.output
    assert [found.name for found in tmp_path.iterdir()] == ["small.toml"]


def test_quiet_prints_nothing_but_errors(tmp_path):
    content = SMALL | {"task": {"inputs": [[0]], "targets": [[2]]}}
    words = ["sweep", str(written(content, tmp_path)), "--results", str(tmp_path)]
    loud = CliRunner().invoke(commands.app, [*words, "--dry-run"])
    assert "warning: " in loud.stderr
    quiet = CliRunner().invoke(commands.app, [*words, "--quiet"])
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (0, "", "")
    again = CliRunner().invoke(commands.app, [*words, "--quiet"])
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "")


def test_progress_elsewhere_than_in_a_terminal_is_plain_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    content = SMALL | {"training": {"epochs": 20_000}, "sweep": {"seeds": 3000}}
    done = CliRunner().invoke(commands.app, ["sweep", str(written(content, tmp_path)), "--results", str(tmp_path)])
    assert done.exit_code == 0
    lines = done.stderr.splitlines()
    assert lines
    form = r"small: [\d,]+ of 3,000 trials, [\d,]+ a second, about [\d,]+ s left"
    assert all(re.fullmatch(form, line) for line in lines)


def test_show_prints_a_whole_experiment():
    done = CliRunner().invoke(commands.app, ["show", "xor", "--set", "training.epochs=7"])
    assert done.exit_code == 0
    expected = read("xor", ["training.epochs=7"])
    assert tomllib.loads(done.stdout) == whole(expected)
    assert read(tomllib.loads(done.stdout)) == expected


def test_show_warns_on_the_other_stream(tmp_path):
    path = written(SMALL | {"task": {"inputs": [[0]], "targets": [[2]]}}, tmp_path)
    done = CliRunner().invoke(commands.app, ["show", str(path)])
    assert done.stderr.startswith(f"warning: {path}: the target 2")
    tomllib.loads(done.stdout)


def test_tasks_lists_every_task():
    done = invoke(commands.app, ["tasks"])
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.output.splitlines()[1:]] == list(TASKS)


def test_new_writes_a_file_that_runs_and_never_over_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "new-one.toml is written" in invoke(commands.app, ["new", "new-one"]).output
    assert read("new-one.toml").name == "new-one"
    before = (tmp_path / "new-one.toml").read_bytes()
    assert run_main(monkeypatch, "new", "new-one") == 2
    assert (tmp_path / "new-one.toml").read_bytes() == before
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run_main(monkeypatch, "new", "another") == 2


def test_schema_is_json():
    done = invoke(commands.app, ["schema"])
    assert json.loads(done.output)["$schema"].startswith("https://json-schema.org/")


BAD = {
    "no such file": (["sweep", "none.toml"], "none.toml"),
    "a shipped name misspelt": (["sweep", "xro"], "xor"),
    "not TOML": (["sweep", "broken.toml"], "broken.toml"),
    "a folder": (["show", "."], "folder"),
    "an unknown key": (["sweep", "xor", "--set", "training.learning_rat=1"], "learning_rate"),
    "a wrong type": (["sweep", "xor", "--set", "training.epochs=true"], "epochs"),
    "an impossible value": (["sweep", "xor", "--set", "training.epochs=-1"], "training.epochs"),
    "no task": (["sweep", "xor", "--set", "task=exma"], "exam"),
    "an empty axis": (["sweep", "xor", "--set", "sweep.hidden=[]"], "sweep.hidden"),
    "no override": (["sweep", "xor", "--set", "training.epochs"], "training.epochs"),
    "no slug": (["new", "../up"], "../up"),
    "too many trials": (["sweep", "xor", "--set", "sweep.seeds=4294967296"], "trials"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_is_one_sentence_and_code_2(tmp_path, monkeypatch, capsys, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.toml").write_text("name = \n")
    words, says = BAD[case]
    assert run_main(monkeypatch, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in one_sentence(err)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.toml"]


@pytest.mark.parametrize(
    "words", [["swep"], ["sweep"], ["sweep", "xor", "--jobs", "0"], ["sweep", "xor", "--backend", "x"], ["--nothing"]]
)
def test_a_wrong_command_line_is_code_2_without_a_traceback(monkeypatch, capsys, words):
    assert run_main(monkeypatch, *words) == 2
    err = capsys.readouterr().err
    assert "Usage" in err
    assert "Traceback" not in err


def test_a_process_ends_with_the_code_of_its_error():
    done = command("sweep", "none")
    assert (done.returncode, done.stdout) == (2, "")
    one_sentence(done.stderr)


def test_ctrl_c_is_said_in_any_command(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.experiment.reading.schema", interrupted)
    assert run_main(monkeypatch, "schema") == 130
    assert capsys.readouterr() == ("", "stopped; run the same command again\n")


def test_ctrl_c_goes_on_where_something_is_kept(monkeypatch, capsys, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.sweeping.run.run", interrupted)
    assert run_main(monkeypatch, "sweep", written(SMALL, tmp_path), "--results", tmp_path) == 130
    assert capsys.readouterr() == ("", "stopped: run the same command again to go on\n")


def test_the_program_calls_itself_as_it_was_called(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for called, name in (("/bin/seedsweep", "seedsweep"), ("/x/runner/__main__.py", "python -m runner")):
        monkeypatch.setattr(sys, "argv", [called, "new", name[:5]])
        with pytest.raises(SystemExit):
            __main__.main()
        assert f"run it with: {name} sweep" in capsys.readouterr().out
