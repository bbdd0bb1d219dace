import os
import shutil
import subprocess

import pytest

from runner.tables.checkout import Checkout, checkout

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git makes the checkouts that are read here")


def git(folder, *words):
    who = {f"GIT_{role}_{what}": "x@y" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    none = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=inherited | who | none, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "there"
    (folder / "in").mkdir(parents=True)
    git(folder, "init", "-q")
    for name in ("a.py", "in/b.py", "a name with spaces, of a length that needs padding.txt"):
        (folder / name).write_text(name)
    (folder / "link").symlink_to("a.py")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def test_a_commit_is_found_as_git_says(repository):
    assert checkout(repository) == Checkout(git(repository, "rev-parse", "HEAD"), False)
    git(repository, "pack-refs", "--all")
    assert checkout(repository) == Checkout(git(repository, "rev-parse", "HEAD"), False)
    git(repository, "checkout", "-q", "--detach")
    assert checkout(repository) == Checkout(git(repository, "rev-parse", "HEAD"), False)


def test_a_linked_worktree_has_its_own_commit(repository, tmp_path):
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "two")
    assert checkout(tmp_path / "other") == Checkout(git(tmp_path / "other", "rev-parse", "HEAD"), False)
    assert checkout(repository).commit != checkout(tmp_path / "other").commit


def same_length(folder):
    (folder / "in" / "b.py").write_text("in/c.py")


def staged(folder):
    same_length(folder)
    git(folder, "add", ".")


@pytest.mark.parametrize(
    "change", [same_length, staged, lambda f: (f / "a.py").unlink(), lambda f: (f / "a.py").write_text("longer now")]
)
def test_a_change_is_noticed(repository, change):
    change(repository)
    assert checkout(repository).changed is True


def test_what_is_touched_or_not_tracked_is_no_change(repository):
    os.utime(repository / "a.py", (1, 1))
    (repository / "new.py").write_text("")
    assert checkout(repository).changed is False


@pytest.mark.parametrize("content", [b"", b"DIRC", b"DIRC\0\0\0\2\xff\xff\xff\xff", b"x" * 100])
def test_an_index_that_cannot_be_read_leaves_the_change_open(repository, content):
    (repository / ".git" / "index").write_bytes(content)
    assert checkout(repository) == Checkout(git(repository, "rev-parse", "HEAD"), None)


@pytest.mark.parametrize("head", ["", "ref: refs/../../x", "ref: refs/heads/none", "x" * 40, "\0"])
def test_a_head_that_names_no_commit_is_no_checkout(repository, head):
    (repository / ".git" / "HEAD").write_text(head)
    assert checkout(repository) is None


def test_a_folder_without_git_is_no_checkout(tmp_path):
    assert checkout(tmp_path) is None
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert checkout(tmp_path) is None
