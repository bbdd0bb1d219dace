import importlib.util
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.targets import FILES, READERS, TARGETS, seeds
from tests.runner.running import ROOT

WORDS = [
    b"0",
    b"1",
    b"-",
    b"e",
    b",",
    b"\n",
    b'"',
    b"[",
    b"{",
    b"}",
    b"nan",
    b"true",
    b"null",
    b"\xff",
    b"\0",
    b"1e999",
]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(WORDS) | st.binary(max_size=4)), max_size=5
)


def edited(content, edits):
    """A sound content with some bytes replaced."""
    for place, length, patch in edits:
        at = int(place * len(content))
        content = content[:at] + patch + content[at + length :]
    return content


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    """Each target with sound inputs for it."""
    folders = {name: tmp_path_factory.mktemp(name) for name in TARGETS}
    made = {name: target(folders[name]) for name, target in TARGETS.items()}
    return {name: (made[name], list(seeds(name, folders[name]))) for name in TARGETS}


@pytest.mark.parametrize("name", TARGETS)
def test_sound_inputs_pass(targets, name):
    target, sound = targets[name]
    assert sound
    for content in sound:
        target(content)


@pytest.mark.parametrize("name", ["experiment", "csv"])
@given(content=st.binary(max_size=200))
@settings(max_examples=150, deadline=5000)
def test_any_bytes_are_read_or_refused(targets, name, content):
    targets[name][0](content)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
@settings(max_examples=120, deadline=20_000, suppress_health_check=[HealthCheck.too_slow])
def test_sound_files_with_some_bytes_changed_are_read_or_refused(targets, name, data):
    target, sound = targets[name]
    content = data.draw(st.sampled_from(sound))
    head = 2 if name == "tables" else 0  # which file, and who reads it
    target(content[:head] + edited(content[head:], data.draw(EDITS)))


@pytest.mark.parametrize("reader", range(len(READERS)))
@pytest.mark.parametrize("file", range(len(FILES)))
def test_an_empty_file_is_refused(targets, file, reader):
    for vouched in (file, file + 22 * len(FILES)):
        targets["tables"][0](bytes([vouched, reader]))


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is installed by hand: pip install atheris"
)
@pytest.mark.parametrize("name", TARGETS)
def test_the_fuzzer_runs(name, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzzing", name, "--executions", "60", "--corpus", str(tmp_path / "corpus")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"number_of_executed_units: \d+", done.stderr)
