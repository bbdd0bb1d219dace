import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.sweeping import kernel_cache
from tests.runner.running import ROOT, digests, environment, one_sentence, written

KERNELS = sorted((ROOT / "kernels").glob("*.py"))
TINY = {"name": "tiny", "task": "xor", "training": {"epochs": 50}, "sweep": {"seeds": 70}}
HASH = "from runner.sweeping.kernel_cache import kernel_hash; print(kernel_hash())"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the program, whose kernels a test may change."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("kernels", "runner", "experiments"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


@pytest.fixture
def hash_of(tmp_path, monkeypatch):
    """The kernel hash where one file reads otherwise."""
    for file in KERNELS:
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(kernel_cache, "_folder", lambda: tmp_path)

    def changed(name=None, text=None):
        if name is None:
            return kernel_cache.kernel_hash.__wrapped__()
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_text(text)
        try:
            return kernel_cache.kernel_hash.__wrapped__()
        finally:
            (tmp_path / name).write_bytes(before)

    return changed


def tokens(file):
    return list(tokenize.generate_tokens(io.StringIO(file.read_text()).readline))


@pytest.mark.parametrize("file", KERNELS, ids=lambda file: file.name)
def test_comments_and_blank_lines_do_not_change_the_hash(hash_of, file):
    ends = {token.start[0] for token in tokens(file) if token.type == tokenize.NEWLINE}
    lines = enumerate(file.read_text().splitlines(), 1)
    commented = [line + "  # said\n\n    # more" * (number in ends) for number, line in lines]
    text = "# first\n\n" + "\n".join(commented) + "\n\n# last\n"
    assert text.count("# more") == len(ends) > 0
    assert hash_of(file.name, text) == hash_of()
    bare = tokenize.untokenize([token for token in tokens(file) if token.type != tokenize.COMMENT])
    assert hash_of(file.name, bare) == hash_of()


@pytest.mark.parametrize("file", KERNELS, ids=lambda file: file.name)
def test_every_token_changes_the_hash(hash_of, file):
    before, lines = hash_of(), file.read_text().splitlines(keepends=True)
    others = {tokenize.NAME: "other", tokenize.NUMBER: "97", tokenize.OP: ";", tokenize.STRING: '"other"'}
    found = [token for token in tokens(file) if token.type in others and token.string not in "()[]{}"]

    @settings(max_examples=15, deadline=None)
    @given(st.sampled_from(found))
    def holds(token):
        (row, column), (last, end) = token.start, token.end
        line = lines[row - 1][:column] + others[token.type] + lines[last - 1][end:]
        assert hash_of(file.name, "".join([*lines[: row - 1], line, *lines[last:]])) != before

    holds()
    assert hash_of(file.name, file.read_text() + '"""said"""\n') != before


def test_a_file_more_or_less_or_under_another_name_changes_the_hash(hash_of, tmp_path):
    before = hash_of()
    (tmp_path / "more.py").write_text("")
    more = hash_of()
    (tmp_path / "more.py").rename(tmp_path / "other.py")
    other = hash_of()
    assert len({before, more, other}) == 3


def program(tree, *words, **variables):
    """Python in the copied tree, which it does not write to."""
    return subprocess.run(
        [sys.executable, "-B", *map(str, words)],
        cwd=tree,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_process_hashes_the_tree_that_it_runs_from(tree):
    assert program(tree, "-c", HASH).stdout.strip() == kernel_cache.kernel_hash()
    file = tree / "kernels" / "layers.py"
    before = file.read_bytes()
    file.write_bytes(before + b"EXTRA = 1\n")
    changed = program(tree, "-c", HASH).stdout.strip()
    file.write_bytes(before)
    assert re.fullmatch("[0-9a-f]{12}", changed)
    assert changed != kernel_cache.kernel_hash()


def test_processes_that_start_at_once_on_a_cold_cache_agree(tmp_path):
    path = written(TINY, tmp_path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "runner", "sweep", path, "--results", tmp_path / str(k), "--jobs", "1", "--quiet"],
            cwd=ROOT,
            env=environment(XDG_CACHE_HOME=tmp_path / "cache"),
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in range(3)
    ]
    for process in processes:
        _, err = process.communicate(timeout=300)
        assert (process.returncode, err) == (0, "")
    found = [digests(tmp_path / str(k) / "tiny") for k in range(3)]
    assert found[0] == found[1] == found[2]
    (folder,) = (tmp_path / "cache" / "seedsweep").iterdir()
    assert folder.name == f"kernels-{kernel_cache.kernel_hash()}"
    compiled = {path.name.split("-")[0] for path in folder.rglob("*.nbc")}
    assert compiled == {"training.train", "epochs.advance", "streams.draw_uniform"}


def contents(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_nothing_needs_to_be_written_to_the_package_or_the_users_cache(tree, tmp_path):
    """A folder that may not be written, and a cache that cannot be made: the kernels are compiled elsewhere."""
    before = contents(tree)
    folders = [path for path in (tree, *tree.rglob("*")) if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    (tmp_path / "temporary").mkdir()
    (tmp_path / "file").write_text("")
    words = ("-m", "runner", "sweep", written(TINY, tmp_path), "--results", tmp_path, "--quiet")
    try:
        done = program(tree, *words, XDG_CACHE_HOME=tmp_path / "file", TMPDIR=tmp_path / "temporary")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert contents(tree) == before
    assert (tmp_path / "tiny" / "trials.csv").stat().st_size > 1000
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_cache_is_the_users_where_that_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = kernel_cache.cache_folder.__wrapped__()
    assert folder == tmp_path / "seedsweep" / f"kernels-{kernel_cache.kernel_hash()}"
    assert list(folder.iterdir()) == []


def test_other_kernels_of_this_process_keep_their_cache_folder():
    import numba

    kernel_cache.module("training")
    assert str(kernel_cache.cache_folder()) != numba.config.CACHE_DIR


class Kernel:
    """As much of a compiled function as `compiled` looks at."""

    def __init__(self, error=None):
        self.overloads, self.called, self.error = {}, 0, error

    def typeof_pyval(self, value):
        return type(value)

    def compile(self, kinds):
        self.called += 1
        self.overloads[kinds] = None
        if self.error is not None:
            raise self.error


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache, "cache_folder", lambda: tmp_path)


@pytest.mark.usefixtures("own_cache")
def test_a_kernel_is_compiled_once_for_each_set_of_types():
    kernel = Kernel()
    for arguments in [(1, 2.0), (3, 4.0), (1.0, 2.0)]:
        kernel_cache.compiled(kernel, arguments)
    assert kernel.called == 2


@pytest.mark.usefixtures("own_cache")
def test_a_full_disk_does_not_keep_a_kernel_from_running():
    kernel = Kernel(OSError(28, "No space left on device"))
    kernel_cache.compiled(kernel, (1,))
    kernel_cache.compiled(kernel, (1,))
    assert kernel.called == 1
    with pytest.raises(ZeroDivisionError):
        kernel_cache.compiled(Kernel(ZeroDivisionError()), (1,))


@pytest.mark.parametrize("form", ["kernels/__init__.py", "kernels.py"])
def test_a_foreign_package_of_that_name_is_one_sentence(tmp_path, form):
    foreign = tmp_path / "foreign" / form
    foreign.parent.mkdir(parents=True)
    foreign.write_text("raise SystemExit('run')\n")
    words = ("-m", "runner", "sweep", written(TINY, tmp_path), "--results", tmp_path)
    done = program(tmp_path, *words, PYTHONPATH=f"{tmp_path / 'foreign'}{os.pathsep}{ROOT}")
    assert done.returncode == 2
    sentence = one_sentence(done.stderr)
    assert "another package named 'kernels'" in sentence
    assert str(foreign.parent) in sentence
    assert not (tmp_path / "tiny" / "trials.csv").exists()


def test_a_folder_of_that_name_without_code_does_not_matter(tmp_path):
    (tmp_path / "foreign" / "kernels").mkdir(parents=True)
    done = program(tmp_path, "-c", HASH, PYTHONPATH=f"{tmp_path / 'foreign'}{os.pathsep}{ROOT}")
    assert done.stdout.strip() == kernel_cache.kernel_hash()


def test_the_cpu_has_a_name_and_features():
    found = kernel_cache.cpu()
    assert found["name"]
    assert set(found) == {"name", "features"}
    assert Path(kernel_cache.module("training").__file__).parent == ROOT / "kernels"
