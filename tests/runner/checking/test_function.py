import sys

import numpy as np
import pytest

from runner.checking.function import training_function
from runner.errors import RunnerError

KNOWN = {"inputs": np.eye(2), "targets": np.ones((2, 1)), "seed": 3, "hidden": 4, "learning_rate": 0.5, "epochs": 7}


@pytest.fixture
def found(tmp_path):
    """Write a file, and find a function in it."""

    def find(text, name="train", file="mine.py"):
        (tmp_path / file).write_text(text)
        return training_function(f"{tmp_path / file}:{name}", KNOWN)

    return find


def test_a_function_gets_what_it_names(found):
    function = found("def train(epochs, seed, rest=5, *more): return epochs, seed, rest, more")
    assert function(KNOWN, 3) == (7, 3, 5, ())
    assert function.uses("epochs")
    assert not function.uses("hidden")
    assert found("def train(**all): return sorted(all)")(KNOWN, 3) == sorted(KNOWN)
    assert found("train = lambda hidden, *, epochs=1: hidden * epochs\ndef other(): ...")(KNOWN, 3) == 28


def test_np_random_and_random_are_seeded_before_each_call(found):
    function = found("import random\nimport numpy as np\ndef train(): return np.random.rand(), random.random()")
    first = function(KNOWN, 5)
    assert function(KNOWN, 5) == first
    assert first[0] == np.random.RandomState(5).rand()
    assert function(KNOWN, 6) != first


def test_what_a_function_prints_draws_and_warns_is_not_seen(found, capfd):
    function = found(
        "import sys, warnings\nimport numpy as np\nprint('at import')\n"
        "def train():\n"
        "    print('out'); print('err', file=sys.stderr); warnings.warn('warned')\n"
        "    np.seterr(all='raise'); 1 / np.float64(np.inf)\n"
        "    import matplotlib.pyplot as plt\n"
        "    plt.plot([1, 2]); plt.show(); plt.close('all')\n"
        "    return 1"
    )
    assert function(KNOWN, 0) == 1
    assert capfd.readouterr() == ("", "")
    assert np.geterr()["under"] == "ignore"
    assert sys.stdin is sys.__stdin__ or not sys.stdin.closed


def test_what_stands_beside_a_file_can_be_imported(found, tmp_path):
    (tmp_path / "my_sigmoid.py").write_text("def sigmoid(x): return x")
    assert found("def train():\n    from my_sigmoid import sigmoid\n    return sigmoid(2)")(KNOWN, 0) == 2
    assert not list(tmp_path.glob("__pycache__/mine*"))


def test_a_function_may_be_imported_from_beside_its_file(found, tmp_path):
    (tmp_path / "tutorial.py").write_text("def train(seed): return seed")
    assert found("from tutorial import train")(KNOWN, 0) == 3


def test_a_file_may_define_dataclasses_and_sets_its_own_name(found):
    function = found(
        "from dataclasses import dataclass\n@dataclass\nclass Net:\n    a: 'int' = 1\n"
        "def train(): return Net().a\nif __name__ == '__main__': raise SystemExit"
    )
    assert function(KNOWN, 0) == 1


BAD_FILES = {
    "no function": ("x = 1", "defines no function; put its training into one: def train(inputs, targets, seed)"),
    "another name": ("def trains(): ...", "there is no function train; did you mean trains?"),
    "no Python": ("def train(:", "line 1: running it raised SyntaxError"),
    "a magic": ("\n%matplotlib inline\n", "line 2: running it raised SyntaxError"),
    "failing": ("def f(): return 1 / 0\n\nf()", "line 1: running it raised ZeroDivisionError: division by zero"),
    "ending": ("import sys\nsys.exit(0)", "line 2: running it ends the program"),
    "lacking": ("import no_such_package", "line 1: running it raised ModuleNotFoundError: No module named 'no_such"),
    "x": ("def train(x, y): ...", "train takes x, which is not given; did you mean inputs?"),
    "lr": ("def train(inputs, lr): ...", "train takes lr, which is not given; did you mean learning_rate?"),
    "misspelt": ("def train(epoch): ...", "train takes epoch, which is not given; did you mean epochs?"),
    "unknown": ("def train(zzz): ...", "it may be one of inputs, targets, seed, hidden, learning_rate, epochs"),
    "by place": ("def train(seed, /): ...", "takes seed by its place only; remove the / behind it"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_used_is_one_sentence(found, tmp_path, case):
    text, says = BAD_FILES[case]
    with pytest.raises(RunnerError) as refused:
        found(text)
    assert says in str(refused.value)
    assert str(tmp_path / "mine.py") in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_without_a_file_or_function_is_one_sentence(tmp_path):
    for named, says in {
        f"{tmp_path / 'none.py'}:train": "there is no such file; write FILE:FUNCTION",
        "train": "there is no such file; write FILE:FUNCTION",
        f"{tmp_path}:train": "there is no such file",
    }.items():
        with pytest.raises(RunnerError, match=says):
            training_function(named, KNOWN)
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(RunnerError, match="is a notebook; save its code as a Python file"):
        training_function(f"{tmp_path / 'a.ipynb'}:train", KNOWN)
    (tmp_path / "a.py").write_text("def first(): ...\ndef second(): ...")
    with pytest.raises(RunnerError, match="write FILE:FUNCTION; it may be one of first, second"):
        training_function(str(tmp_path / "a.py"), KNOWN)
    with pytest.raises(RunnerError, match="what it takes cannot be found out"):
        training_function(max, KNOWN)


FAILING = {
    "an error below": (
        "def g(x):\n    return x[9]\ndef train(inputs): return g(inputs)",
        "line 2: .*train with seed 3 ",
    ),
    "an error in NumPy": (
        "import numpy as np\ndef train():\n    np.zeros(2) @ np.zeros(3)",
        "line 3: .*raised ValueError",
    ),
    "an empty message": ("def train():\n    assert False", "line 2: .*raised AssertionError$"),
    "an exit": ("def train():\n    exit(1)", "line 2: .*ends the program; return the outputs instead"),
    "a question": ("def train():\n    input('?')", "line 2: .*asks for input, and nobody answers"),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_failing_function_is_one_sentence_with_its_line(found, case):
    text, says = FAILING[case]
    with pytest.raises(RunnerError, match=says) as refused:
        found(text)(KNOWN, 3)
    assert "\n" not in str(refused.value)


def test_a_function_from_python_fails_with_its_line():
    def train(inputs):
        return inputs["a"]

    with pytest.raises(RunnerError, match=r"test_function\.py, line \d+: train with seed 0 raised IndexError"):
        training_function(train, KNOWN)(KNOWN, 0)


def test_ctrl_c_stays_ctrl_c(found):
    with pytest.raises(KeyboardInterrupt):
        found("def train(): raise KeyboardInterrupt")(KNOWN, 0)
