import io
import sys

import pytest

from runner.sweeping import progress
from runner.sweeping.progress import shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("wanted", [False, None])
def test_nothing_is_shown_unless_somebody_watches(capsys, wanted):
    with shown("a", wanted) as tell:
        tell(0, 10, 0.0)
        tell(10, 10, 1.0)
    assert capsys.readouterr() == ("", "")


def test_lines_are_plain_and_far_between(capsys, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with shown("xor", True) as tell:
        tell(0, 4000, 0.0)
        clock[0] += 4.9
        tell(900, 4000, 0.2)
        assert capsys.readouterr() == ("", "")
        clock[0] += 0.1
        tell(1000, 4000, 0.25)
        tell(1001, 4000, 0.25)
        clock[0] += 5
        tell(2000, 4000, 0.5)
        clock[0] += 50
        tell(2000, 4000, 0.0)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "xor: 1,000 of 4,000 trials, 200 a second, about 15 s left",
        "xor: 2,000 of 4,000 trials, 200 a second, about 10 s left",
    ]


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with shown("xor") as tell:
        tell(1000, 4000, 0.25)
        tell(4000, 4000, 1.0)
    assert "xor" in terminal.getvalue()
    assert "4,000 of 4,000 trials" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")


def test_a_notebook_gets_a_bar(monkeypatch):
    class ZMQInteractiveShell:
        pass

    class IPython:
        get_ipython = ZMQInteractiveShell

    assert not progress._in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", IPython)
    assert progress._in_notebook()
