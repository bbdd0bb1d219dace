from typing import Any

import numpy as np
import pytest

from runner.experiment.reading import read
from runner.planning.chunks import Shapes, chunks, estimated_seconds
from runner.planning.plan import plan

MIXED: dict[str, Any] = {
    "name": "mixed",
    "task": "xor",
    "sweep": {
        "hidden": [1, 2],
        "momentum": [0.0, 0.5, 0.9],
        "update": ["batch", "online"],
        "scale": [1.0, 2.0, "1/sqrt(fan_in)"],
        "seeds": 100,
    },
}


@pytest.mark.parametrize("content", [MIXED, MIXED | {"sweep": {"seeds": 70_000}}, MIXED | {"sweep": {"seeds": 1}}])
def test_every_trial_is_in_one_chunk_with_trials_of_its_shape(content: dict[str, Any]) -> None:
    laid_out = plan(read(content))
    cut = list(chunks(laid_out))
    assert [chunk.number for chunk in cut] == list(range(len(cut)))
    assert np.array_equal(np.sort(np.concatenate([chunk.trials for chunk in cut])), np.arange(laid_out.trials))
    for chunk in cut:
        values = laid_out.values(laid_out.locate(chunk.trials)[0])
        assert (np.diff(chunk.trials) > 0).all()
        assert set(values["hidden"]) == {chunk.shape.hidden}
        if "momentum" in values:
            assert set(values["momentum"] > 0) == {chunk.shape.momentum}
            assert set(values["update"]) == {chunk.shape.update}
            assert {isinstance(value, str) for value in values["scale"]} == {chunk.shape.scale}


def test_chunks_of_a_shape_come_in_the_order_of_their_trials() -> None:
    laid_out = plan(read(MIXED | {"sweep": MIXED["sweep"] | {"seeds": 3000}}))
    last: dict[int, int] = {}
    for chunk in chunks(laid_out):
        assert chunk.trials[0] > last.get(chunk.shape_number, -1)
        last[chunk.shape_number] = int(chunk.trials[-1])


def test_shapes_are_numbered_alike_however_they_are_asked_for() -> None:
    laid_out = plan(read(MIXED))
    configurations = np.arange(laid_out.configurations)
    at_once = Shapes(laid_out).numbers(configurations)
    piecewise = Shapes(laid_out)
    assert np.array_equal(
        at_once, np.concatenate([piecewise.numbers(part) for part in np.array_split(configurations, 7)])
    )


def test_a_chunk_holds_some_half_second_of_a_long_sweep() -> None:
    laid_out = plan(read({"name": "long", "task": "xor-constant", "sweep": {"seeds": 10_000_000}}))
    chunk = next(iter(chunks(laid_out)))
    assert 0.3 < chunk.seconds < 0.6
    assert estimated_seconds(laid_out) == pytest.approx(chunk.seconds / len(chunk.trials) * 10_000_000)


def test_large_networks_make_small_chunks() -> None:
    content = {"name": "wide", "task": "xor", "record": {"weights": True}, "training": {"epochs": 0}}
    laid_out = plan(read(content | {"sweep": {"seeds": 100_000, "hidden": [4096]}}))
    assert max(len(chunk.trials) for chunk in chunks(laid_out)) * 4096 * 3 * 16 < 128 * 2**20


@pytest.mark.parametrize("axis", ["outermost", "innermost"])
def test_chunks_side_by_side_fit_into_memory_together(axis: str) -> None:
    """Of each shape, the tables hold a chunk at a time."""
    rates = {"start": 0.1, "stop": 1.0, "num": 50}
    hidden = {"start": 1, "stop": 150, "num": 150}
    sweep = {"hidden": hidden, "learning_rate": rates} if axis == "outermost" else {"learning_rate": rates}
    content = {"name": "shapes", "task": "xor", "training": {"epochs": 1}}
    laid_out = plan(read(content | {"sweep": sweep | {"hidden": hidden, "seeds": 40}}))
    largest: dict[int, int] = {}
    for chunk in chunks(laid_out):
        row = 8 * (8 + 4)
        largest[chunk.shape_number] = max(largest.get(chunk.shape_number, 0), row * len(chunk.trials))
    assert len(largest) == 150
    assert 16 * 2**20 < sum(largest.values()) < 64 * 2**20


def test_a_shape_that_is_far_behind_waits_no_longer() -> None:
    """Its last trials would hold up the tables of all that follow."""
    laid_out = plan(read({"name": "far", "task": "xor", "sweep": {"hidden": [1, 2, 3], "seeds": 2_000_000}}))
    first = next(chunk for chunk in chunks(laid_out) if chunk.trials[-1] == 1_999_999)
    begun = next(chunk for chunk in chunks(laid_out) if chunk.trials[-1] > 2_000_000 + 2**20 + 2**17)
    assert first.number < begun.number


@pytest.mark.parametrize("trials", [1, 70, 5000, 9000, 20_000, 25_000, 31_000, 60_000])
def test_trials_that_stop_are_cut_evenly_into_pieces_large_enough_for_the_conveyor(trials: int) -> None:
    content = {"name": "stop", "task": "xor-constant", "convergence": {"stop": True}, "sweep": {"seeds": trials}}
    sizes = [len(chunk.trials) for chunk in chunks(plan(read(content)))]
    assert sum(sizes) == trials
    assert min(sizes) >= min(trials, 3600)
    assert max(sizes) - min(sizes) <= len(sizes)
    assert trials < 15_000 or len(sizes) % 4 == 0


def test_of_a_long_sweep_that_stops_only_the_last_piece_may_be_small() -> None:
    content = {"name": "stop", "task": "xor-constant", "convergence": {"stop": True}, "sweep": {"seeds": 300_001}}
    sizes = [len(chunk.trials) for chunk in chunks(plan(read(content)))]
    assert sum(sizes) == 300_001
    assert min(sizes[:-1]) >= 3600
