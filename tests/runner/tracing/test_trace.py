"""Traces against training, bit for bit, against what the documents print, and against the oracle."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from runner.errors import RunnerError
from runner.experiment.reading import read
from runner.planning.chunks import chunks
from runner.planning.plan import plan
from runner.sweeping import engine
from runner.tracing.text import print_trace
from runner.tracing.trace import NUMBERS, Trace, trace
from tests import documents, reference
from tests.reference import Weights
from tests.test_documents import RECOVERED, assert_prints

OUT_OF_ORDER = 'init.order=[{ skip = 12 }, "W1", "b1", { skip = 7 }, "W2", "b2"]'


def weights_of(trace: Trace, epoch: int) -> Weights:
    named = trace.named(trace.states[epoch])
    return Weights(named["W1"], named.get("b1"), named["W2"], named.get("b2"))


CASES: dict[str, dict[str, Any]] = {
    "batch": {"task": "xor-constant"},
    "online": {"task": "gender"},
    "half-mse, biases, several outputs": {"task": "encoder-4", "training": {"objective": "half-mse"}},
    "momentum": {"task": "exam", "training": {"momentum": 0.9}},
    "online, momentum, several outputs": {
        "task": "encoder-4",
        "training": {"momentum": 0.5, "update": "online", "objective": "sse"},
    },
    "float32": {"task": "parity-3", "training": {"precision": "float32", "momentum": 0.3}},
    "float32, online": {"task": "gender", "training": {"precision": "float32"}},
    "17 samples": {"task": {"inputs": [[k, 1 / (k + 1)] for k in range(17)], "targets": [[k % 2] for k in range(17)]}},
    "9 samples, online": {
        "task": {"inputs": [[k, 1 / (k + 1)] for k in range(9)], "targets": [[k % 2] for k in range(9)]},
        "training": {"update": "online", "objective": "half-sse"},
    },
    "one sample": {"task": {"inputs": [[2, 3]], "targets": [[1]]}, "network": {"hidden": 1}},
    "fan-in scale, pcg64": {"task": "xor", "init": {"scale": "1/sqrt(fan_in)", "generator": "pcg64"}},
}


@pytest.mark.parametrize("case", CASES)
def test_each_epoch_ends_with_the_bits_of_a_sweep_of_so_many_epochs(case: str) -> None:
    content = {"name": "bits", "record": {"weights": True}} | CASES[case]
    laid_out = plan(read(content | {"sweep": {"seeds": [5], "epochs": [0, 1, 2, 3, 30]}}))
    (chunk,) = chunks(laid_out)
    theirs = engine.compute(engine.work(laid_out, chunk))
    assert theirs is not None
    ours = trace(content, 5, 30)
    rows = [0, 1, 2, 3, 30]
    assert ours.states[rows].tobytes() == theirs["weights"].tobytes()
    assert ours.weights[[0, 1, 2, 29], -1].tobytes() == theirs["weights"][1:].tobytes()
    assert ours.outputs[rows].tobytes() == theirs["outputs"].tobytes()
    assert ours.loss[rows].tobytes() == theirs["loss"].tobytes()
    assert ours.max_error[rows].tobytes() == theirs["max_error"].tobytes()


def test_patterns_straight_run_is_printed_digit_by_digit() -> None:
    """The document shows its deltas multiplied by its learning rate of 0.01."""
    ours = trace("patterns", 99)
    (deltas,) = ours.passes["hidden_deltas"]
    assert_prints(
        0.01 * deltas,
        "1.48029510e-05 4.31878703e-05 6.80003971e-06 1.19963075e-05 2.20732520e-05 2.79686274e-06 "
        "-1.06220945e-04 -1.08508235e-04 -5.10882704e-05",
        ".8e",
    )
    updated = ours.named(ours.weights[0, 0])
    assert_prints(
        updated["W1"],
        "0.67227883 0.48807905 0.82549527 0.03144533 0.80804888 0.56561691 "
        "0.29762277 0.04669637 0.9906275 0.00682479 0.76979216 0.74676662",
    )
    assert_prints(updated["b1"], "0.37743814 0.49414702 0.92894798")
    assert_prints(updated["W2"], "0.39545058 0.97394962 0.52440853")
    assert_prints(updated["b2"], "0.09360602")


def test_patterns_forward_pass_is_printed_digit_by_digit_from_later_draws() -> None:
    ours = trace("patterns", 99, overrides=[OUT_OF_ORDER])
    passes = {name: array[0] for name, array in ours.passes.items()}
    assert_prints(
        passes["hidden_preactivations"],
        "1.2990946 1.52903324 1.78546988 1.85344038 1.82130235 2.60161224 1.7778424 1.48780278 1.98539178",
    )
    assert_prints(passes["output_preactivations"], "1.51186271 1.5976838 1.54878076")
    assert_prints(passes["outputs"], "0.8193371 0.83169441 0.82473757")
    assert_prints(passes["errors"], "0.1806629 0.16830559 -0.82473757")
    assert_prints(passes["output_slopes"], "0.14802382 0.13997882 0.14454551")
    assert_prints(
        passes["hidden_slopes"],
        "0.16838547 0.14640304 0.12299973 0.11711749 0.1198794 0.06426894 0.12366934 0.15030304 0.10616583",
    )
    assert_prints(0.01 * passes["output_deltas"], "0.00026742 0.00023559 -0.00119212")
    assert_prints(
        0.01 * passes["hidden_errors"],
        "6.28563790e-05 1.75243105e-06 2.40319141e-04 5.53744732e-05 1.54383608e-06 2.11713529e-04 "
        "-2.80200662e-04 -7.81197307e-06 -1.07129274e-03",
        ".8e",
    )


def test_exam_iterations_are_printed_from_the_recovered_weights() -> None:
    given = {"distribution": "given", "W1": RECOVERED.W1, "W2": RECOVERED.W2}
    frame = trace({"name": "recovered", "task": "exam", "init": given}, 0, 230).frame()
    for iteration in (0, 1, 2, 3, 226, 229):
        predictions, loss = documents.EXAM_PRINTED[iteration]
        row = frame.loc[iteration]
        assert row["loss"] == pytest.approx(loss, rel=2e-11, abs=0)
        assert_prints(row[["output_0", "output_1", "output_2"]], " ".join(map(str, predictions)))


def test_gender_weights_are_the_notebooks_after_each_epoch() -> None:
    frame = trace("gender", 3, 10).frame()
    for epoch in (1, 10):
        theirs = documents.gender(3, epoch)
        row = frame.loc[epoch]
        for name, weights in theirs.weights.items():
            for place, weight in np.ndenumerate(weights):
                assert row[f"{name}[{','.join(map(str, place))}]"] == pytest.approx(weight, rel=0, abs=1e-12)
        np.testing.assert_allclose(row[[f"output_{s}" for s in range(4)]], theirs.outputs.ravel(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("objective", ["sse", "half-sse", "mse", "half-mse"])
@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_gradients_are_those_of_the_objective_and_make_the_update(momentum: float, objective: str) -> None:
    training = {"objective": objective, "learning_rate": 0.7, "momentum": momentum}
    ours = trace({"name": "g", "task": "encoder-4", "network": {"hidden": 3}, "training": training}, 1, 4)
    inputs, targets = ours.experiment.task.inputs, ours.experiment.task.targets
    velocity: Any = 0.0
    for epoch in range(4):
        theirs = reference.gradients(inputs, targets, weights_of(ours, epoch), objective)
        gradient = ours.gradients[epoch, 0]
        np.testing.assert_allclose(gradient, np.concatenate([a.ravel() for a in theirs.arrays]), rtol=1e-12, atol=1e-15)
        velocity = momentum * velocity + 0.7 * gradient
        np.testing.assert_allclose(ours.weights[epoch, 0], ours.states[epoch] - velocity, rtol=0, atol=1e-15)
        if momentum:
            np.testing.assert_allclose(ours.velocities[epoch, 0], velocity, rtol=1e-12, atol=1e-16)
    assert ours.velocities.shape == (4, 1, ours.states.shape[1] if momentum else 0)


def test_online_gradients_make_the_update_of_each_sample() -> None:
    ours = trace("gender", 1, 3)
    before: NDArray[Any] = ours.states[0]
    for epoch, sample in np.ndindex(3, 4):
        after = before - ours.experiment.training.learning_rate * ours.gradients[epoch, sample]
        np.testing.assert_allclose(ours.weights[epoch, sample], after, rtol=0, atol=1e-15)
        before = ours.weights[epoch, sample]


def test_the_frame_has_a_row_an_epoch_and_names_every_weight() -> None:
    ours = trace("xor", 2)
    frame = ours.frame()
    weights = [f"W1[{i},{h}]" for i in range(3) for h in range(4)] + [f"W2[{h},0]" for h in range(4)]
    outputs = ["output_0", "output_1", "output_2", "output_3"]
    assert list(frame.columns) == ["epoch", "loss", "max_error", *weights, *outputs]
    assert list(frame["epoch"]) == list(range(1501))  # the experiment's own number of epochs
    assert np.array_equal(frame[weights], ours.states)
    several = trace({"name": "s", "task": "encoder-4"}, 0, 1).frame()
    assert {"b1[3]", "b2[3]", "W2[3,3]", "output_3_3"} <= set(several.columns)


def test_the_base_values_run_and_not_the_axes() -> None:
    assert trace("xor", 0, 1).shapes == {"W1": (3, 4), "W2": (4, 1)}
    assert trace("xor", 0, 1, overrides=["network.hidden=2"]).shapes == {"W1": (3, 2), "W2": (2, 1)}
    experiment = read("xor")
    assert trace(experiment, 7, 1).states.tobytes() == trace("xor", 7, 1).states.tobytes()


def test_a_trace_ends_where_its_trial_stops() -> None:
    stopping = {"name": "s", "task": "xor", "convergence": {"threshold": 0.2, "stop": True}}
    ours = trace(stopping, 0)
    assert 0 < ours.epochs < 1500
    assert len(ours.passes["errors"]) == len(ours.gradients) == len(ours.weights) == ours.epochs
    assert ours.loss[-1] <= 0.2 < ours.loss[-2]


def document(capsys: pytest.CaptureFixture[str], ours: Trace) -> Any:
    print_trace(ours, as_json=True)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(capsys.readouterr().out, parse_constant=refuse)


@pytest.mark.parametrize("settings", [{"update": "batch"}, {"update": "online", "momentum": 0.5}])
def test_json_reads_back_exactly(settings: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    training = {"objective": "sse", **settings}
    ours = trace({"name": "j", "task": "encoder-4", "training": training}, 1, 2)
    read_back = document(capsys, ours)
    assert (read_back["experiment"], read_back["seed"], read_back["factor"]) == ("j", 1, 2.0)
    assert [entry["epoch"] for entry in read_back["epochs"]] == [0, 1, 2]
    for epoch, entry in enumerate(read_back["epochs"]):
        assert (entry["loss"], entry["max_error"]) == (ours.loss[epoch], ours.max_error[epoch])
        assert np.array_equal(entry["outputs"], ours.outputs[epoch])
        for name, weights in ours.named(ours.states[epoch]).items():
            assert np.array_equal(entry["weights"][name], weights)
        for number, update in enumerate(entry.get("updates", [])):
            for name, array in ours.passes.items():
                assert np.array_equal(update[name], array[epoch - 1, update["samples"]])
            for kind in ("gradients", "weights", *(["velocities"] if "momentum" in settings else [])):
                for name, array in ours.named(getattr(ours, kind)[epoch - 1, number]).items():
                    assert np.array_equal(update[kind][name], array)
            assert ("velocities" in update) == ("momentum" in settings)
        assert [update["samples"] for update in entry.get("updates", [])] == (
            [] if epoch == 0 else [[0], [1], [2], [3]] if settings["update"] == "online" else [[0, 1, 2, 3]]
        )


def test_json_has_null_for_what_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    training = {"learning_rate": 1e30, "momentum": 1e30, "objective": "sse"}
    ours = trace({"name": "n", "task": "xor", "training": training}, 0, 30)
    assert not np.isfinite(ours.states[-1]).all()
    last = document(capsys, ours)["epochs"][-1]["weights"]
    flat = np.concatenate([np.ravel(last[name]) for name in ours.shapes])
    assert [value is None for value in flat] == list(~np.isfinite(ours.states[-1]))


def text(capsys: pytest.CaptureFixture[str], ours: Trace) -> str:
    print_trace(ours)
    return capsys.readouterr().out


def test_text_shows_every_matrix_with_its_shape_and_8_digits(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, trace("patterns", 99))
    assert shown.startswith("patterns, seed 99: 4-3-1 with biases, batch updates, float64\n")
    for label, shape in {
        "Inputs": (3, 4),
        "Targets": (3, 1),
        "Hidden pre-activations": (3, 3),
        "Hidden activations": (3, 3),
        "Output pre-activations": (3, 1),
        "Outputs": (3, 1),
        "Errors (target - output)": (3, 1),
        "Output slopes": (3, 1),
        "Output deltas (error * slope)": (3, 1),
        "Errors at the hidden layer": (3, 3),
        "Hidden slopes": (3, 3),
        "Hidden deltas (error * slope)": (3, 3),
        "Gradient of W1": (4, 3),
        "Gradient of b1": (3,),
        "Gradient of W2": (3, 1),
        "Gradient of b2": (1,),
        "Updated W1": (4, 3),
        "Updated b1": (3,),
        "Updated W2": (3, 1),
        "Updated b2": (1,),
        "Outputs after epoch 1": (3, 1),
    }.items():
        assert f"\n{label} {shape}\n[" in shown
    assert "\n[[0.67227883 0.48807905 0.82549527]\n [0.03144533 0.80804888 0.56561691]\n" in shown
    assert "\nLoss (mean squared error) after epoch 1: 0.25255591\n" in shown
    assert "Velocity" not in shown
    assert "-0. " not in shown


def test_text_goes_sample_by_sample_online(capsys: pytest.CaptureFixture[str]) -> None:
    shown = text(capsys, trace("gender", 0, 2, overrides=["training.momentum=0.5"]))
    titles = [line for line in shown.splitlines() if line.startswith("Epoch ")]
    assert titles[1:] == [f"Epoch {epoch}, sample {sample}" for epoch in (1, 2) for sample in range(4)]
    assert shown.count("\nHidden activations (1, 2)\n") == shown.count("\nVelocity of b2 (1,)\n") == 8
    assert "\nupdate: velocity = 0.5 * velocity + 0.1 * gradient; weight = weight - velocity\n" in shown


def test_text_leaves_nothing_out_of_a_large_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    assert "..." not in text(capsys, trace("exam", 0, 1, overrides=["network.hidden=1500"]))


def test_no_epochs_show_the_initial_state(capsys: pytest.CaptureFixture[str]) -> None:
    ours = trace("xor", 0, 0)
    assert len(ours.frame()) == 1
    assert "Epoch 1" not in text(capsys, ours)
    assert len(document(capsys, ours)["epochs"]) == 1


@pytest.mark.parametrize(
    ("source", "arguments", "sentence"),
    [
        ("xor", {"seed": -1}, "seed: -1 is not a whole number from 0 to 4294967295"),
        ("xor", {"seed": 2**32}, "seed: 4294967296 is not a whole number from 0 to 4294967295"),
        ("xor", {"seed": True}, "seed: True is not a whole number from 0 to 4294967295"),
        ("xor", {"seed": "1"}, "seed: '1' is not a whole number from 0 to 4294967295"),
        ("xor", {"epochs": 1.0}, "epochs: 1.0 is not a whole number from 0 to 1000000000"),
        ("xor", {"epochs": -1}, "epochs: -1 is not a whole number from 0 to 1000000000"),
    ],
)
def test_bad_input_is_one_sentence(source: str, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RunnerError) as error:
        trace(source, **arguments)
    assert str(error.value) == sentence


@pytest.mark.parametrize("update", ["batch", "online"])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_a_trace_too_large_for_memory_is_refused_and_told_how_far_it_may_go(momentum: float, update: str) -> None:
    training = {"momentum": momentum, "update": update, "objective": "sse"}
    content = {"name": "large", "task": "encoder-4", "network": {"hidden": 200}, "training": training}
    with pytest.raises(RunnerError, match=r"and at most 25,000,000 are kept; trace at most [\d,]+ epochs$") as error:
        trace(content, epochs=1_000_000_000)
    most = int(str(error.value).split()[-2].replace(",", ""))
    fits = trace(content, epochs=most)
    held = sum(array.size for array in fits.passes.values())
    held += sum(getattr(fits, name).size for name in ("gradients", "velocities", "weights"))
    held += sum(getattr(fits, name).size for name in ("loss", "max_error", "outputs", "states"))
    assert NUMBERS - held // most - 10_000 < held <= NUMBERS
    with pytest.raises(RunnerError):
        trace(content, epochs=most + 1)


def test_a_task_of_which_no_epoch_fits_is_refused() -> None:
    task = {"inputs": [[0.0]] * 20_000, "targets": [[1.0]] * 20_000}
    content = {"name": "l", "task": task, "network": {"hidden": 400}, "training": {"epochs": 1}}
    with pytest.raises(RunnerError, match="take fewer samples or hidden units"):
        trace(content)
