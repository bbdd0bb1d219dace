import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from runner.errors import RunnerError
from runner.experiment.source import opened, plain, shipped

TEXT = 'name = "a"\ntask = "xor"\n'


def written(folder, text):
    path = folder / "a.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_wherever_it_stands(tmp_path):
    path = written(tmp_path, TEXT)
    assert opened(path).content == opened(str(path)).content == {"name": "a", "task": "xor"}
    assert opened(path).folder == tmp_path


def test_byte_order_marks_and_windows_line_ends_are_fine(tmp_path):
    assert opened(written(tmp_path, b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())).content["task"] == "xor"


def test_shipped_experiments_are_found_by_name_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("xor", "xor.toml", "experiments/xor.toml", Path("experiments/xor.toml"), "experiments/xor"):
        assert opened(name).content["name"] == "xor"
    assert {"xor", "xor_no_constant", "patterns", "exam", "gender"} <= shipped().keys()


def test_a_file_of_ones_own_comes_before_a_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xor").mkdir()
    assert opened("xor").content["name"] == "xor"
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "xor.toml").write_text('name = "mine"', encoding="utf-8")
    assert opened("experiments/xor.toml").content == {"name": "mine"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        ("name = 'a'\nname = 'b'", "not TOML"),
        ("[sweep]\nseeds = 1\n[[sweep]]\nseeds = 2", r"\[sweep\] and \[\[sweep\]\] cannot stand together"),
        ("[[sweep]]\nseeds = 1\n[ sweep ]\nseeds = 2", r"\[sweep\] and \[\[sweep\]\] cannot stand together"),
        (b"name = '\xff'", "UTF-8"),
        ("x = " + "[" * 100_000, "nested|TOML"),
        ("x = " + "[" * 50 + "]" * 50, "nested"),
        ("x = " + "9" * 5000, "not TOML"),
        ("x = 0x" + "f" * 5000, "1e30"),
    ],
)
def test_what_is_not_toml_is_refused_with_the_files_name(tmp_path, text, words):
    path = written(tmp_path, text)
    with pytest.raises(RunnerError, match=words) as refused:
        opened(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("source", ["xr", "nowhere/xor.toml", "", "a\0b", "x" * 5000, 3, None, b"xor"])
def test_what_is_no_experiment_is_refused(source):
    with pytest.raises(RunnerError):
        opened(source)


def test_pipes_folders_and_huge_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(RunnerError, match="regular file"):
        opened(tmp_path / "pipe.toml")
    with pytest.raises(RunnerError, match="is a folder"):
        opened(tmp_path)
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(2**18 + 1)
    with pytest.raises(RunnerError, match="256 KB"):
        opened(tmp_path / "huge.toml")


def test_arrays_and_tuples_become_lists():
    found = plain({"inputs": np.eye(2), "hidden": np.int64(3), "seeds": (1, np.uint32(2))})
    assert found == {"inputs": [[1.0, 0.0], [0.0, 1.0]], "hidden": 3, "seeds": [1, 2]}
    assert type(found["hidden"]) is int


def test_a_dict_that_holds_itself_is_refused():
    content: dict[str, object] = {"name": "a"}
    content["task"] = content
    with pytest.raises(RunnerError, match="nested"):
        opened(content)


def test_a_file_is_called_as_it_was_given_and_no_more_is_told_of_the_machine(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    folder.mkdir()
    path = written(folder, TEXT)
    assert (opened(path).file, opened(path).sha256) == ("a.toml", hashlib.sha256(TEXT.encode()).hexdigest())
    monkeypatch.chdir(tmp_path)
    assert opened(path).file == opened("home/a.toml").file == opened(Path("home", "a.toml")).file == "home/a.toml"
    assert opened("xor").file == "xor"
    assert (opened({"name": "a"}).file, opened({"name": "a"}).sha256) == (None, None)
