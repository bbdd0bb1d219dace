import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import throughput

ROOT = Path(__file__).parents[1]


def test_the_throughput_benchmark_prints_its_tables():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.throughput", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert "Python" in first
    assert "numba" in first
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|") and "---" not in line]
    assert len([line for line in lines if line.startswith(("|---", "| |"))]) >= 3
    measured = {row[0]: row[1:] for row in rows if len(row) > 1}
    for name in ("kernel", "batched NumPy", "notebook", "times the notebook's speed", "`--help`, over bare Python"):
        assert float(measured[name][0].replace(",", "")) > 0
    assert measured["kernel"][1] == "1.00"


def test_a_baseline_is_what_another_program_prints():
    assert throughput.baseline("echo about 54.5 us a training") == pytest.approx(54.5e-6)
    with pytest.raises(SystemExit, match="printed no"):
        throughput.baseline("echo nothing")


def test_turns_take_every_measurement_as_often_and_leave_the_first_out():
    calls = []
    figures = throughput.turns(
        3, a=lambda: calls.append("a") or float(len(calls)), b=lambda: calls.append("b") or float(len(calls))
    )
    assert calls == ["a", "b"] * 4
    assert figures == {"a": [3.0, 5.0, 7.0], "b": [4.0, 6.0, 8.0]}
    assert throughput.ratio([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 2.0


def test_pieces_hold_every_trial_once():
    laid_out = throughput.plan(throughput.read(throughput.unit(1000, 1)))
    works = throughput.pieces(laid_out, 300)
    assert [len(work.seeds) for work in works] == [300, 300, 300, 100]
    assert np.concatenate([work.seeds for work in works]).tolist() == list(range(1000))
    assert re.search("cores", throughput.described())
