import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import throughput
from benchmarks.peers import measuring, registry, shapes, work

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
    assert len([line for line in lines if line.startswith(("|---", "| |"))]) >= 2
    measured = {row[0]: row[1:] for row in rows if len(row) > 1}
    for name in ("kernel", "batched NumPy", "notebook", "times the notebook's speed"):
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


def quick(name):
    """What a benchmark prints when it does very little: the line of the machine, and the rows of its tables."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert "numba" in first
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]


def test_the_benchmark_of_estimates_compares_them_with_sweeps():
    names, row = quick("estimates")
    found = dict(zip(names, row, strict=True))
    assert found["sweep"] == "stop"
    assert float(found["real, s"]) > 0
    assert float(found["foretold, s"]) > 0
    assert float(found["final, MB"]) >= 0


def test_the_benchmark_of_limits_sets_trainings_beside_their_sigmoids_and_a_line():
    rows = quick("limits")
    figures = {
        row[0]: [float(cell.replace(",", "")) for cell in row[1:]]
        for row in rows
        if len(row) == 4 and row[1][0].isdigit()
    }
    assert figures["float64"][1] == figures["sigmoids alone, float64"][2] == 1.0
    assert figures["online"][0] > 0
    shapes = [row for row in rows if len(row) == 5 and row[0].startswith("3-")]
    assert shapes[0][:2] == ["3-1-1", "4"]
    assert len(shapes) == 7
    assert all(np.isfinite(float(row[4])) for row in shapes)  # so short a call may be lost in noise


def test_the_benchmark_of_scale_simulates_a_cluster():
    rows = quick("scale")
    assert ["epochs", "the scheduler", "the network", "the client"] in rows
    simulated = [row for row in rows if row[:1] in (["1"], ["20"]) and len(row) == 6]
    assert [row[:2] for row in simulated] == [["1", "2"], ["1", "16"], ["20", "2"], ["20", "16"]]
    assert all(float(row[2].replace(",", "")) > 0 for row in simulated)


def test_the_benchmark_of_memory_sets_sweeps_beside_larger_ones():
    names, *rows = quick("memory")
    assert names == ["", "15,000 trials", "30,000 trials", "ratio"]
    assert len(rows) == 2
    for _, few, many, ratio in rows:
        assert 100 < float(few) < 600
        assert float(many) / float(few) == pytest.approx(float(ratio), abs=0.02)


def test_the_benchmark_of_starts_times_each_of_them():
    found = dict(quick("starts"))
    assert float(found["2,000, no outputs"].replace(",", "")) > 100
    for name in ("another one", "batch", "the first trial, kernels in the cache", "a tiny sweep, nothing compiled yet"):
        assert float(found[name]) > 0


def test_the_benchmark_of_the_conveyor_sets_stops_beside_none():
    names, row = quick("conveyor")
    found = dict(zip(names[1:], row[1:], strict=True))
    assert found["never stop"].endswith("%")
    assert float(found["epochs"]) > 100
    assert all(float(found[name]) > 0 for name in ("kernels", "sweep, 1 job", "sweep, 2 jobs"))


def test_the_benchmark_of_accuracy_sets_numpy_beside_the_kernels():
    names, *rows = quick("accuracy")
    assert names[1:] == ["1", "10"]
    assert [row[0] for row in rows] == ["kernels, float64", "NumPy, float64", "kernels, float32"]
    double, of_numpy, single = ([float(cell.split()[0]) for cell in row[1:]] for row in rows)
    assert max(*double, *of_numpy) < 1e-15 < min(single)


def test_the_benchmark_of_same_bits_counts_tables():
    _, *rows = quick("same_bits")
    assert [row[:2] for row in rows] == [["this CPU", "2 of 2"], ["processes", "2 of 2"]]


def settings():
    """Every setting that the benchmark of peers may measure, on one core and on two, with batches made small."""
    found = {}
    for peer in [*registry.ONE_CORE, *registry.ALL_CORES]:
        for cores in (1,) if peer.slow_to_start else (1, 2):
            for variant in peer.variants(cores):
                small = variant | {"batch": min(variant["batch"], 64)}
                name = f"{peer.name}, {peer.precision}, {cores} cores, {', '.join(map(str, small.values()))}"
                found[name] = pytest.param(peer, cores, small, id=name)
    return found.values()


of_peers = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # what they import is theirs to mend


@of_peers
@pytest.mark.parametrize(("peer", "cores", "variant"), settings())
def test_a_peer_trains_what_the_document_trains(peer, cores, variant):
    pytest.importorskip(peer.needs)
    try:
        trained = peer.run(cores, 100, **variant)
    except work.SkippedError as reason:
        pytest.skip(str(reason))
    assert len(trained.weights) == variant["batch"]
    assert trained.seconds > 0
    work.check(peer, trained.weights, 100, trials=64)


def test_a_peer_with_another_result_is_not_timed():
    def wrong(initial, *_):
        return work.Trained(initial + 1e-9, 1.0)

    peer = work.Peer("wrong", "float64", "", wrong, lambda cores: [{"batch": 4 * cores}])
    with pytest.raises(AssertionError, match=r"wrong, float64: off by .* after 20 epochs"):
        measuring.choose(peer, 1, measuring.Effort(rounds=1))


def test_a_peer_that_is_not_there_has_a_row_that_says_so():
    missing = work.Peer("missing", "float64", "", work.Trained, lambda _: [{"batch": 1}], "no_such_module")
    kernels = [peer for peer in registry.ONE_CORE if peer.name == "the kernel"]
    rows = measuring.table([*kernels, missing], "the kernel", 1, measuring.Effort(1, 20, quick=True))
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["the kernel", "missing", "the kernel"]
    assert "pip install -c constraints.txt -e '.[bench]'" in rows[3]


@of_peers
@pytest.mark.parametrize("shape", [shapes.Shape(2, 1, 1, 1), shapes.Shape(64, 16, 10, 32)])
def test_programs_of_other_shapes_give_the_same_weights(shape):
    jax = pytest.importorskip("jax")
    ours = shapes.engine.compute(shapes.ours(shape, 5))["weights"]
    initial = jax.device_put(shape.initial(8))
    for name, program in shapes.jax_programs(shape).items():
        W1, W2 = program(5, initial)
        flat = np.concatenate([np.reshape(W1, (8, -1)), np.reshape(W2, (8, -1))], axis=1)
        shapes.check(name, shape, flat, ours)


def test_the_benchmark_of_peers_has_a_row_for_every_peer():
    rows = quick("peers")
    for peers, times in ((registry.ONE_CORE, "times the kernel"), (registry.ALL_CORES, "times a sweep, end to end")):
        start = next(k for k, row in enumerate(rows) if times in row) + 1
        found = {tuple(row[:2]): row[2] for row in rows[start : start + len(peers)]}
        assert found.keys() == {(peer.name, peer.precision) for peer in peers}
        assert all(cost == "skipped" or float(cost.replace(",", "")) > 0 for cost in found.values())
    assert [row[:3] for row in rows[-2:]] == [["1", "2", "1"], ["1", "2", "10"]]


def test_the_benchmark_of_stages_adds_up_to_whole_sweeps():
    _, *rows = quick("stages")
    shares = {row[0]: [float(cell.rstrip("%")) for cell in row[2::2]] for row in rows}
    assert shares.pop("the whole sweep") == [100, 100]
    assert np.sum(list(shares.values()), axis=0) == pytest.approx([100, 100], abs=3)
    assert len(shares) == 5
