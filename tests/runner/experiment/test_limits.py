import os

import numpy as np
import pytest

from runner.errors import RunnerError
from runner.experiment import limits
from runner.experiment.reading import read
from runner.planning.plan import plan
from tests.runner.measuring import measured
from tests.runner.running import one_sentence

HEAD = 'name = "a"\ntask = "xor"\n'
ROOM = limits.EXPERIMENT_FILE - 300


def filled(text, room=ROOM):
    return text * (room // len(text))


def axes(count, form):
    return "[sweep]\n" + "".join(f'"W1[{k % 2},{k // 2}]" = {form}\n' for k in range(count))


LONG = "{ start = 0, stop = 1, num = 1000000 }"
# The file, and what the message has to name.
BOMBS = {
    "10^12 trials": (
        HEAD + "[sweep]\nseeds = 1000000\nlow = { start = -2, stop = -1, num = 1000000 }\n",
        "10,000,000,000",
    ),
    "seeds times axes": (HEAD + "[sweep]\nseeds = 4294967295\nhidden = [1, 2, 3]\n", "10,000,000,000"),
    "more trials than a float holds": (HEAD + axes(64, LONG), "10,000,000,000"),
    "a range of 10^9 points": (HEAD + "[sweep]\nmomentum = { start = 0, stop = 1, num = 1000000000 }\n", "1,000,000"),
    "many long axes": (HEAD + filled(f"[[sweep]]\nseeds = 1\nmomentum = {LONG}\n", 10_000), "1,000,000"),
    "many grids": (HEAD + filled("[[sweep]]\nseeds = 1\n"), "200"),
    "many axes": (HEAD + axes(2000, "[1]"), "64"),
    "a curve of 10^9 epochs": (
        HEAD + "[training]\nepochs = 1000000000\n[record]\ncurve = { every = 1 }\n",
        "1,000,000",
    ),
    "10^9 hidden units": (HEAD + "[network]\nhidden = 1000000000\n", "4,096"),
    "an axis of large networks": (HEAD + "[sweep]\nhidden = { start = 1, stop = 1000000, num = 1000000 }\n", "4,096"),
    "a large network": ('name = "a"\ntask = "encoder-1000"\n[network]\nhidden = 4096\n', "1,000,000"),
    "parity of 30": ('name = "a"\ntask = "parity-30"\n', "2 to 15"),
    "an encoder of 100000": ('name = "a"\ntask = "encoder-100000"\n', "2 to 1000"),
    "many draws passed over": (HEAD + f"[init]\norder = [{filled('{ skip = 1000000 }, ')}'W1', 'W2']\n", "1,000,000"),
    "weights written out": (HEAD + f"[init]\ndistribution = 'given'\nW1 = [{filled('[1,1],')}]\nW2 = [[1]]\n", "2 x 4"),
    "inputs written out": (f"name = 'a'\n[task]\ninputs = [{filled('[1,2],')}]\ntargets = [[1]]\n", "rows of inputs"),
    "probes written out": (HEAD + f"[record]\nprobes = [{filled('[1],')}]\n", "2 numbers"),
    "words for numbers": (HEAD + f"[init]\nb1 = [{filled('7,')}'x']\n", "must be a number"),
    "one value very often": (HEAD + f"[sweep]\nhidden = [{filled('1,')}]\n", "twice"),
    "many unknown keys": (HEAD + "".join(f"k{number} = 1\n" for number in range(20_000)), "no such"),
    "a long unknown key": (HEAD + f"{filled('k')} = 1\n", "no such"),
    "a weight with a place of 5000 digits": (HEAD + f"[sweep]\n'W1[0,{'9' * 5000}]' = [1]\n", "W1[0,1]"),
    "lists in lists": (HEAD + "x = " + "[" * 100_000, "at most 12"),
    "lists in lists, closed": (HEAD + "x = " + "[" * 200 + "]" * 200, "at most 12"),
    "a key of many parts": (filled("a.") + "a = 1\n", "at most 12"),
    "a key of many quoted parts": (filled("'a' . ") + "a = 1\n", "at most 12"),
    "many keys of some parts": ("".join(f"{'a.' * 23}b{number} = 1\n" for number in range(4000)), "at most 12"),
    "megabytes": (HEAD + f"description = '{'x' * 40_000_000}'\n", "256 KB"),
}


def refused(path, words):
    cost = measured("sweep", path, "--dry-run")
    assert (cost.code, cost.out) == (2, "")
    message = one_sentence(cost.err)
    assert words in message
    assert str(path) in message
    assert len(message) < 500 + len(str(path))
    # Processor time: what the clock says also tells what else the machine does.
    assert cost.seconds < 2
    assert cost.memory < 500e6


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_no_machine_can_run_is_refused_at_once_and_the_limit_named(tmp_path, bomb):
    text, words = BOMBS[bomb]
    (tmp_path / "a.toml").write_text(text)
    refused(tmp_path / "a.toml", words)


TASK = 'name = "a"\n[task]\ncsv = "a.csv"\ninput_columns = ["a", "b"]\ntarget_columns = ["y"]\n'
MOST = limits.CSV_FILE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,y\n" + "1,2,3\n" * 600_000, "1,000,000"),
        ("a,b,y\n" + "1,2,3\n" * (MOST // 6 - 2), "1,000,000"),
        ("a,b,y" + ",z" * (MOST // 2 - 10) + "\n1,2,3\n", "line 2"),
        ("," * MOST, "no such column"),
        ("a,b,y\n" + "1" * (MOST - 10), "line 2"),
        ('a,b,y\n"' + "x" * (MOST - 10), "not CSV"),
        ("a,b,y\n" + "\n" * (MOST - 10), "1,000,000"),
    ],
    ids=["rows", "many rows", "columns", "commas", "a number", "an open quote", "empty lines"],
)
def test_a_csv_file_that_does_not_end_is_refused_at_once(tmp_path, text, words):
    (tmp_path / "a.toml").write_text(TASK)
    (tmp_path / "a.csv").write_text(text)
    refused(tmp_path / "a.toml", words)


def sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (sparse, "8 MB"),
        (os.mkfifo, "regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "outside the folder"),
        (lambda path: path.mkdir(), "regular file"),
    ],
    ids=["a terabyte of zeros", "a pipe", "a device", "a folder"],
)
def test_a_csv_file_that_is_none_is_refused_at_once(tmp_path, made, words):
    (tmp_path / "a.toml").write_text(TASK)
    made(tmp_path / "a.csv")
    refused(tmp_path / "a.toml", words)


@pytest.mark.parametrize("made", [sparse, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_an_experiment_file_that_does_not_end_is_refused_at_once(tmp_path, made):
    made(tmp_path / "a.toml")
    refused(tmp_path / "a.toml", "")


def test_what_a_large_study_needs_is_within_the_limits():
    lanes = {"name": "a", "task": "xor", "sweep": {"seeds": 10**9}}
    assert plan(read(lanes)).trials == 10**9
    million = {"seeds": 10, "learning_rate": {"start": 0.001, "stop": 10, "num": 1_000_000}}
    assert plan(read(lanes | {"sweep": million})).trials == 10_000_000


def test_as_many_axes_as_there_may_be_are_laid_out():
    fixed = {f"W1[{k % 2},{k // 2}]": [0.5] for k in range(limits.AXES - 1)}
    laid_out = plan(read({"name": "a", "task": "xor", "network": {"hidden": 32}, "sweep": fixed | {"W2[0,0]": [1, 2]}}))
    found = laid_out.values(np.arange(laid_out.configurations))
    assert (laid_out.trials, found["W2[0,0]"].tolist(), found["W1[0,31]"].tolist()) == (2, [1, 2], [0.5, 0.5])


@pytest.mark.parametrize("name", ["con", "nul", "com1", "../a", "a/b", "A", "", "a\n", "a" * 101, ".", "a.b"])
def test_a_name_is_a_folder_everywhere(name):
    with pytest.raises(RunnerError, match="name"):
        read({"name": name, "task": "xor"})
