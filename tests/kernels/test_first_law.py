"""A trial's bits depend on its configuration and seed alone: not on its lane, its neighbours, or the CPU."""

import functools
import json
import os
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import llvmlite.binding
import numpy as np
import pytest

from tests.kernels.calling import FATES, convergence, lanes
from tests.kernels.sample import digests, outcomes, varied

COUNT = 1000
SETTINGS = {
    "batch": {"stop": False, "velocities": True},
    "batch, stop": {"stop": True, "velocities": True},
    "online, stop": {"stop": True, "update": "online", "metric": "max-error"},
    "single, stop": {"stop": True, "velocities": True, "kind": lanes.FLOAT32, "metric": "classification"},
    "batch, stop, fates": {"stop": True, "velocities": True, "fates": True},
    "single, online, fates": {
        "stop": False,
        "velocities": True,
        "kind": lanes.FLOAT32,
        "update": "online",
        "fates": True,
    },
}
every_setting = pytest.mark.parametrize("name", SETTINGS)


def chosen(trials, places):
    return {key: values[places] for key, values in trials.items()}


@functools.cache
def sweep(name):
    """The trials and, from one call, their outcomes."""
    trials = varied(COUNT)
    if name == "online, stop":
        trials["momentum"] = np.zeros(COUNT)
    return trials, outcomes(trials, **SETTINGS[name])


def assert_same_bytes(ours, whole, places):
    for field, array in ours.items():
        expected = whole[field][places]
        assert array.dtype == expected.dtype
        assert array.tobytes() == expected.tobytes(), field


@every_setting
def test_sample_has_trials_of_all_kinds(name):
    whole = sweep(name)[1]
    once = whole["epochs_to_convergence"] > convergence.NEVER
    assert 20 < whole["diverged"].sum() < 500
    assert np.isnan(whole["loss"]).sum() > 5
    assert 30 < once.sum() < 900
    assert np.sum(~once & ~whole["diverged"]) > 50
    assert len(np.unique(whole["epochs_run"])) > (9 if SETTINGS[name]["stop"] else 4)


@every_setting
@pytest.mark.parametrize("size", [1, 31, 32, 33, 500])
def test_cut_into_blocks_of_any_size(name, size):
    trials, whole = sweep(name)
    for start in range(0, COUNT if size > 1 else 200, size):
        places = slice(start, min(start + size, COUNT))
        assert_same_bytes(outcomes(chosen(trials, places), **SETTINGS[name]), whole, places)


@every_setting
def test_in_every_lane(name):
    """As many trials as lanes, turned round by one lane at a time."""
    trials, whole = sweep(name)
    for turn in range(lanes.MOST):
        places = np.roll(np.arange(lanes.MOST), turn)
        assert_same_bytes(outcomes(chosen(trials, places), **SETTINGS[name]), whole, places)


@every_setting
@pytest.mark.parametrize("order", ["reversed", "shuffled", "by epochs", "by outcome", "doubled"])
def test_in_any_order(name, order):
    trials, whole = sweep(name)
    places = {
        "reversed": np.arange(COUNT)[::-1],
        "shuffled": np.random.default_rng(3).permutation(COUNT),
        "by epochs": np.argsort(-whole["epochs_run"]),
        "by outcome": np.lexsort([whole["epochs_run"], whole["diverged"]]),
        "doubled": np.repeat(np.arange(COUNT), 2),
    }[order]
    assert_same_bytes(outcomes(chosen(trials, places), **SETTINGS[name]), whole, places)


@every_setting
def test_beside_copies_of_a_diverging_trial(name):
    trials, whole = sweep(name)
    worst = int(np.flatnonzero(np.isnan(whole["loss"]) & (whole["epochs_run"] == 60))[0])
    for trial in (0, 1, 2, 3, 4):
        places = np.full(65, worst)
        places[[0, 17, 40, 64]] = trial
        assert_same_bytes(outcomes(chosen(trials, places), **SETTINGS[name]), whole, places)


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize(
    ("name", "width"), [("batch", 4), ("batch", 16), ("batch", 64), ("single, stop", 32), ("batch, stop, fates", 16)]
)
def test_under_any_lane_width(name, width, stop):
    settings = {**SETTINGS[name], "stop": stop}
    precision = settings.get("kind", lanes.FLOAT64).dtype.type
    trials = varied(COUNT)
    ours = outcomes(trials, **{**settings, "kind": lanes.LaneKind(precision, width)})
    assert_same_bytes(ours, outcomes(trials, **settings), slice(None))


@pytest.mark.parametrize("kind", [lanes.FLOAT64, lanes.FLOAT32])
@pytest.mark.parametrize("update", ["batch", "online"])
def test_asking_for_fates_changes_nothing_else(update, kind):
    trials = varied(200)
    for stop in (False, True):
        settings = {"update": update, "kind": kind, "stop": stop}
        asked = outcomes(trials, **settings, fates=True)
        assert all(asked.pop(name).shape == (200,) for name in FATES)
        assert_same_bytes(asked, outcomes(trials, **settings), slice(None))


def test_twice_in_the_same_process():
    trials, whole = sweep("batch, stop")
    assert_same_bytes(outcomes(trials, **SETTINGS["batch, stop"]), whole, slice(None))


# They change where the arithmetic is meant to change, and with nothing else: no machine, no version of Numba or LLVM.
DIGESTS = {
    "double": "630c4fc9e72d161e",
    "single": "1874332f4bc5e336",
    "fates": "114f598edbb892d8",
    "draw_uniform": "51b6ac8bc74cc347",
    "draw_normal": "991fbbbc6176c374",
}


def test_on_every_machine():
    assert digests() == DIGESTS


CPUS = {"generic": {"fma": False, "avx": False}, "x86-64-v3": {"fma": True, "avx": True}}


def sampled_for(cpu, cache):
    """What tests.kernels.sample prints where kernels are compiled for that CPU, into an empty cache."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.kernels.sample"],
        env=os.environ | {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": "", "XDG_CACHE_HOME": str(cache)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names CPUs of the x86-64 family")
def test_on_a_cpu_without_fused_operations_or_wide_registers(tmp_path):
    host = llvmlite.binding.get_host_cpu_features()
    cpus = [cpu for cpu, has in CPUS.items() if not has["fma"] or (host.get("fma") and host.get("avx2"))]
    with ThreadPoolExecutor() as pool:
        found = dict(zip(cpus, pool.map(lambda cpu: sampled_for(cpu, tmp_path / cpu), cpus), strict=True))
    for cpu in cpus:
        assert found[cpu]["instructions"] == CPUS[cpu]  # else the digests would say nothing
        assert found[cpu]["digests"] == DIGESTS, cpu
