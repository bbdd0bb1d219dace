"""The engine against plain NumPy code run after np.random.seed(s)."""

from typing import Any

import numpy as np
import pytest

from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from tests import documents, reference

DOCUMENTS = {
    "xor-constant": documents.xor_constant,
    "xor": documents.xor_no_constant,
    "patterns": documents.patterns,
    "exam": documents.exam,
    "gender": documents.gender,
}


def computed(content: dict[str, Any]) -> list[dict[str, np.ndarray[Any, Any]]]:
    """The outcomes of each chunk of an experiment."""
    laid_out = plan(read(content))
    outcomes = [engine.compute(engine.work(laid_out, chunk)) for chunk in chunks(laid_out)]
    return [outcome for outcome in outcomes if outcome is not None]


@pytest.mark.parametrize("task", DOCUMENTS)
def test_documents_agree_with_plain_numpy_after_100_epochs(task: str) -> None:
    (ours,) = computed({"name": "d", "task": task, "training": {"epochs": 100}, "sweep": {"seeds": 50}})
    for seed in range(50):
        theirs = DOCUMENTS[task](seed, epochs=100)
        assert np.abs(theirs.outputs.ravel() - ours["outputs"][seed]).max() < 1e-9
        assert abs(theirs.final_loss - ours["loss"][seed]) < 1e-9
        if ours["probes"].shape[1]:
            assert np.abs(np.ravel(theirs.probes) - ours["probes"][seed]).max() < 1e-9


@pytest.mark.parametrize("task", DOCUMENTS)
def test_documents_agree_at_full_length_but_where_numpy_differs_from_itself(task: str) -> None:
    """A seed may differ by what NumPy's own result changes under another order of summation, times 100."""
    experiment = read({"name": "d", "task": task, "sweep": {"seeds": 10}})
    (ours,) = computed({"name": "d", "task": task, "sweep": {"seeds": 10}})
    training, width = experiment.training, len(experiment.task.inputs[0])
    shapes = reference.network_shapes(width, experiment.network.hidden, 1, bias=experiment.network.bias)
    for seed in range(10):
        weights = reference.draw(
            seed,
            shapes,
            distribution=experiment.init.distribution,
            order=experiment.init.order,
        )
        forward, backward = (
            reference.train(
                np.array(experiment.task.inputs),
                np.array(experiment.task.targets),
                weights,
                learning_rate=training.learning_rate,
                epochs=training.epochs,
                update=training.update,
                objective=training.objective,
                reverse_sum=reverse,
            ).outputs.ravel()
            for reverse in (False, True)
        )
        spread = np.abs(forward - backward).max()
        assert np.abs(forward - ours["outputs"][seed]).max() <= max(1e-9, 100 * spread)


ORDERS = [
    (["W1", "W2"], False),
    (["W2.T", "W1.T"], False),
    ([{"skip": 12}, "W1", "b1", {"skip": 7}, "W2", "b2"], True),
    (["b2", "W2", "W1.T", "b1"], True),
]


@pytest.mark.parametrize("generator", ["mt19937", "pcg64"])
@pytest.mark.parametrize(("order", "bias"), ORDERS)
@pytest.mark.parametrize(
    "init",
    [
        {"distribution": "uniform", "low": -0.3, "high": 1.7, "scale": 1.0},
        {"distribution": "uniform", "low": -1.0, "high": 1.0, "scale": 0.3},
        {"distribution": "normal", "mean": 0.0, "std": 1.0, "scale": 1.0},
        {"distribution": "normal", "mean": 0.0, "std": 0.7, "scale": "1/sqrt(fan_in)"},
    ],
)
def test_initial_weights_are_those_of_numpys_streams(
    generator: str, order: list[Any], bias: bool, init: dict[str, Any]
) -> None:
    experiment = read(
        {
            "name": "w",
            "task": "encoder-4",
            "network": {"hidden": 3, "bias": bias},
            "init": init | {"generator": generator, "order": order},
            "sweep": {"seeds": [0, 1, 2**32 - 1, *range(100, 140)]},
        }
    )
    laid_out = plan(experiment)
    (chunk,) = chunks(laid_out)
    ours = engine.initial_weights(engine.work(laid_out, chunk))
    options = {key: value for key, value in init.items() if key != "distribution"}
    for row, seed in zip(ours, experiment.grids[0].seeds, strict=True):
        drawn = reference.draw(
            seed,
            reference.network_shapes(4, 3, 4, bias=bias),
            generator=generator,
            distribution=init["distribution"],
            order=order,
            **options,
        )
        theirs = np.concatenate([array.ravel() for array in drawn.arrays])
        if init["distribution"] == "uniform":
            assert np.array_equal(row, theirs)
        else:
            assert (np.abs(row - theirs) <= np.spacing(np.abs(theirs))).all()


def test_given_weights_are_taken_as_written() -> None:
    init = {
        "distribution": "given",
        "W1": [[0.0, 0.0], [1.0, 1.0]],
        "b1": [0.0, 0.0],
        "W2": [[0.0], [1.0]],
        "b2": [0.0],
    }
    content = {
        "name": "fixed",
        "task": {"inputs": [[2, 3]], "targets": [[1]]},
        "network": {"hidden": 2},
        "init": init,
        "training": {"epochs": 0},
    }
    (ours,) = computed(content)
    assert ours["outputs"][0, 0] == pytest.approx(0.7216325609518421, abs=1e-15)


def test_swept_values_reach_their_trials() -> None:
    """A sweep over everything at once gives what each of its configurations gives alone."""
    sweep = {"learning_rate": [0.5, 2.0], "momentum": [0.0, 0.9], "epochs": [3, 30], "scale": [1.0, 0.5]}
    sweep |= {"update": ["batch", "online"], "bias": [False, True], "threshold": [0.2, 0.3]}
    content = {"name": "all", "task": "xor", "init": {"order": ["W1", "b1", "W2", "b2"]}, "record": {"weights": True}}
    laid_out = plan(read(content | {"sweep": {"seeds": 2, **sweep}}))
    for chunk in chunks(laid_out):
        work = engine.work(laid_out, chunk)
        together = engine.compute(work)
        assert together is not None
        for row in range(0, len(chunk.trials), 7):
            alone = {
                key: [values[row].item() if hasattr(values[row], "item") else values[row]]
                for key, values in work.values.items()
            }
            (single,) = computed(content | {"sweep": {"seeds": [int(work.seeds[row])], **alone}})
            for name, column in single.items():
                assert column[0].tobytes() == together[name][row].tobytes(), (name, alone)


def test_float32_losses_are_judged_as_their_reader_would() -> None:
    """`converged` and the widened loss agree with the threshold as written, also where float32 cannot hold it."""
    base = {"name": "f", "task": "xor", "training": {"precision": "float32", "epochs": 0}, "sweep": {"seeds": 200}}
    (ours,) = computed(base)
    for threshold in (float(ours["loss"][5]), np.nextafter(ours["loss"][5], 0), np.nextafter(ours["loss"][5], 1)):
        (judged,) = computed(base | {"convergence": {"threshold": float(threshold)}})
        assert np.array_equal(judged["epochs_to_convergence"] == 0, judged["loss"] <= threshold)
    worst = float(ours["max_error"][5])
    for threshold in (worst, np.nextafter(worst, 0), np.nextafter(worst, 1)):
        (judged,) = computed(base | {"convergence": {"metric": "max-error", "threshold": float(threshold)}})
        assert np.array_equal(judged["epochs_to_convergence"] == 0, judged["max_error"] < threshold)


def test_a_network_that_lacks_a_weight_swept_in_another_grid_is_as_drawn() -> None:
    base: dict[str, Any] = {"name": "d", "task": "xor", "training": {"epochs": 3}}
    grid = {"hidden": [1, 2], "bias": [False], "seeds": 5}
    union = computed(base | {"sweep": [{"W1[0,2]": [0.5], "b1[2]": [0.1], "hidden": [3], "bias": [True]}, grid]})
    alone = computed(base | {"sweep": grid})
    assert [part["loss"].tolist() for part in union[1:]] == [part["loss"].tolist() for part in alone]
