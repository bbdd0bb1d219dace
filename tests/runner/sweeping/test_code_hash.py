import pytest

from runner.sweeping.code_hash import code_hash

CODE = """def f(x):
    # a reason
    for _ in range(3):
        x += 1  # why

    return f"{x} # no comment"
"""


@pytest.fixture
def hashed(tmp_path):
    def hash_of(code):
        (tmp_path / "code.py").write_text(code, encoding="utf-8")
        return code_hash([tmp_path / "code.py"])

    return hash_of


@pytest.mark.parametrize(
    ("old", "new"), [("    # a reason\n", ""), ("  # why", ""), ("# a reason", "# größer"), ("\n\n", "\n\n\n")]
)
def test_comments_and_blank_lines_do_not_count(hashed, old, new):
    assert old in CODE
    assert hashed(CODE) == hashed(CODE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [("+= 1", "+= 2"), ("    return", "        return"), ("# no comment", "# none"), ("f(x)", "f(x, y)")],
)
def test_code_counts_indentation_and_text_included(hashed, old, new):
    assert old in CODE
    assert hashed(CODE) != hashed(CODE.replace(old, new))


def test_every_version_of_python_gives_the_same_hash(hashed):
    assert hashed(CODE) == "68a95dac3b7c"
