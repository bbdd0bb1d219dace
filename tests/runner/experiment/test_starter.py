import pytest

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.experiment.starter import starter


def test_the_starter_takes_its_name_and_runs_as_it_is(tmp_path):
    (tmp_path / "mine.toml").write_text(starter("mine"), encoding="utf-8")
    found = read(tmp_path / "mine.toml")
    assert (found.name, found.warnings) == ("mine", ())


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "{0}", "a\n"])
def test_a_name_that_is_no_folder_is_refused(name):
    with pytest.raises(RunnerError, match="lower-case"):
        starter(name)
