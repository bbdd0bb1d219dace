import math
from dataclasses import replace

import numpy as np
import pytest

from runner.estimating import training
from runner.estimating.groups import groups
from runner.experiment.reading import read
from runner.planning.plan import plan

CHUNK, TRIAL, EPOCH, LANES = 2e-3, 3e-6, 5e-7, 64


class Clock:
    """A clock that goes on only while trials are trained, by what they are said to cost."""

    def __init__(self, monkeypatch, busy=1.0, stops=None):
        self.now, self.busy, self.stops, self.longest = 0.0, busy, stops, 0.0
        monkeypatch.setattr(training.time, "perf_counter", lambda: self.now * self.busy)
        for name in ("thread_time", "process_time"):
            monkeypatch.setattr(training.time, name, lambda: self.now)
        monkeypatch.setattr(training.engine, "compute", self.compute)

    def compute(self, work):
        count = len(work.seeds)
        epochs = np.full(count, work.experiment.training.epochs)
        if work.shape.stop:
            epochs = np.minimum(epochs, self.stops)
        seconds = CHUNK + TRIAL * count + EPOCH * math.ceil(count / LANES) * float(epochs.mean())
        self.now, self.longest = self.now + seconds, max(self.longest, seconds)
        return {"epochs_run": epochs, "holds_at_end": np.full(count, work.shape.stop and epochs[0] == self.stops)}


def costs(monkeypatch, epochs, seeds=100_000, stop=False, **clock):
    experiment = {"name": "a", "task": "xor", "training": {"epochs": epochs}, "convergence": {"stop": stop}}
    laid_out = plan(read({**experiment, "sweep": {"seeds": seeds}}))
    found, _ = groups(laid_out)
    clock = Clock(monkeypatch, **clock)
    (of,) = training.watched(laid_out, found, training.training_costs(laid_out, found, 1))
    return of, found[0], clock


@pytest.mark.parametrize("epochs", [1, 40, 1500, 1_000_000])
@pytest.mark.parametrize("seeds", [100_000, 70, 2])
def test_the_costs_of_chunk_trial_and_epoch_are_told_apart(monkeypatch, epochs, seeds):
    of, group, clock = costs(monkeypatch, epochs, seeds)
    assert of.chunk == pytest.approx(CHUNK + TRIAL)
    assert of.trial == pytest.approx(TRIAL)
    assert of.epoch == pytest.approx(EPOCH)
    assert of.lanes == LANES
    assert of.stopped is None
    # Nothing that takes long is run: a small part of what a chunk takes where that is much.
    assert clock.longest <= 0.05 + CHUNK + group.size * TRIAL


def test_without_epochs_only_chunks_and_trials_cost(monkeypatch):
    of, group, _ = costs(monkeypatch, 0)
    assert of.epoch == 0
    assert of.chunk + group.size * of.trial == pytest.approx(CHUNK + TRIAL * (group.size + 1), rel=0.01)


def test_other_work_on_the_machine_shows_in_the_clock_alone(monkeypatch):
    of, _, _ = costs(monkeypatch, 1500, busy=3.0)
    assert of.slowness == pytest.approx(3.0)
    assert of.epoch == pytest.approx(EPOCH, rel=1e-3)


def test_of_some_rounds_the_one_counts_that_nothing_disturbed(monkeypatch):
    of, group, _ = costs(monkeypatch, 1500)
    slow, other = replace(of, epoch=3 * of.epoch, chunk=0.0), replace(of, epoch=of.epoch / 2)
    assert training.least_costs([group, group], [[slow, other], [of, of]]) == [of, other]


def test_trials_are_watched_until_they_stop(monkeypatch):
    of, _, _ = costs(monkeypatch, 50_000, stop=True, stops=120)
    assert (of.stopped == 120).all()
    assert len(of.stopped) > 1000


def test_a_trial_that_takes_too_long_to_watch_counts_as_if_it_never_stopped(monkeypatch):
    of, _, _ = costs(monkeypatch, 100_000_000, stop=True, stops=90_000_000)
    assert (of.stopped == 100_000_000).all()


def test_real_kernels_are_measured(monkeypatch):
    for name in ("_CALL", "_TOGETHER", "_STOPPING"):
        monkeypatch.setattr(training, name, 0.002)
    content = {"name": "a", "task": "xor", "training": {"epochs": 300}, "convergence": {"threshold": 1.0, "stop": True}}
    axes = {"seeds": 90, "precision": ["float32", "float64"], "update": ["online", "batch"], "momentum": [0.0, 0.5]}
    laid_out = plan(read({**content, "sweep": axes}))
    found, _ = groups(laid_out)
    loading, compiling = training.load(laid_out, found)
    assert loading + compiling > 0
    assert training.load(laid_out, found)[1] == 0
    costs = training.watched(laid_out, found, training.training_costs(laid_out, found, 2))
    for of in costs:
        assert of.lanes == 64
        assert of.chunk > 0
        assert of.slowness > 0.9
        assert (of.stopped == 0).all()
