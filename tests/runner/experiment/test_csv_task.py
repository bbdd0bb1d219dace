import os

import pytest

from runner.errors import RunnerError
from runner.experiment.reading import read, whole

TASK = """name = "a"
[task]
csv = "{csv}"
input_columns = ["studied", "slept"]
target_columns = ["score"]
"""


def experiment(folder, text, csv="scores.csv"):
    (folder / "a.toml").write_text(TASK.format(csv=csv), encoding="utf-8")
    if text is not None:
        (folder / "scores.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(folder / "a.toml")


def test_columns_are_chosen_by_name(tmp_path):
    found = experiment(tmp_path, "score,who,studied,slept\n0.9,ann,1,2.5\n\n0.8,bob,-3e-1,4\n")
    assert found.task.name == "scores"
    assert found.task.inputs == ((1.0, 2.5), (-0.3, 4.0))
    assert found.task.targets == ((0.9,), (0.8,))


def test_the_whole_experiment_holds_the_numbers(tmp_path):
    found = experiment(tmp_path, "studied,slept,score\n1,2,0.1\n")
    (tmp_path / "scores.csv").unlink()
    assert read(whole(found)) == found


def test_windows_line_ends_quotes_and_a_byte_order_mark_are_fine(tmp_path):
    found = experiment(tmp_path, b'\xef\xbb\xbf"studied","slept","score"\r\n"1","2","0.5"\r\n')
    assert found.task.inputs == ((1.0, 2.0),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["scores.csv", "no such file"]),
        ("", ["no such column"]),
        ("studied,slept,score\n", ["no row below its header"]),
        ("studied,slep,score\n1,2,3\n", ["task.input_columns", '"slept"', "did you mean slep?"]),
        ("studied,slept,slept,score\n1,2,3,4\n", ['"slept"', "twice"]),
        ("studied,slept,score\n1,2,3\n1,2\n", ["line 3", "2 cells", "3"]),
        ("studied,slept,score\n1,two,3\n", ["line 2", 'column "slept"', '"two"']),
        ("studied,slept,score\n1,,3\n", ["line 2", 'column "slept"', '""']),
        ("studied,slept,score\n1,2,nan\n", ['column "score"', "finite"]),
        ("studied,slept,score\n1,2,inf\n", ["finite"]),
        ("studied,slept,score\n1,2,1e31\n", ["1e30"]),
        ("studied,slept,score\n1_0,2,1\n", ["1_0"]),
        ('studied,slept,score\n"1,2,3\n', ["not CSV"]),
        (b"studied,slept,score\n\xff,2,3\n", ["UTF-8"]),
        ('studied,"sl\nept",score\n1,2,3\n', ["task.input_columns", 'did you mean "sl\\nept"?']),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, text, words):
    with pytest.raises(RunnerError) as refused:
        experiment(tmp_path, text)
    assert "\n" not in str(refused.value)
    for word in (*words, "a.toml"):
        assert word in str(refused.value)


def test_a_file_outside_the_folder_is_refused(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "scores.csv").write_text("studied,slept,score\n1,2,3\n", encoding="utf-8")
    (home / "link.csv").symlink_to(tmp_path / "scores.csv")
    for csv in ("../scores.csv", str(tmp_path / "scores.csv"), "link.csv"):
        with pytest.raises(RunnerError, match="outside the folder"):
            experiment(home, None, csv)


def test_a_pipe_is_never_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(RunnerError, match="regular file"):
        experiment(tmp_path, None, "pipe.csv")


def test_a_loop_of_links_and_odd_names_are_refused(tmp_path):
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    for csv in ("loop.csv", "", "x" * 5000, "nul\\u0000.csv"):
        with pytest.raises(RunnerError, match=r"task\.csv"):
            experiment(tmp_path, None, csv)


def test_a_huge_file_is_refused_by_its_size(tmp_path):
    with (tmp_path / "scores.csv").open("wb") as file:
        file.truncate(8 * 2**20 + 1)
    with pytest.raises(RunnerError, match="8 MB"):
        experiment(tmp_path, None)
