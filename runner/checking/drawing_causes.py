"""What a user's training may do otherwise when it makes its initial weights: biases, the order of draws, the draws."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from runner.checking.cause import Cause
from runner.checking.setting import Setting, changed

_ORDERS = {
    ("W1", "W2"): "W1 and then W2",
    ("W2", "W1"): "W2 before W1",
    ("W1", "b1", "W2", "b2"): "each layer's weights and then its biases",
    ("b1", "W1", "b2", "W2"): "each layer's biases before its weights",
    ("W1", "W2", "b1", "b2"): "all weights and then the biases",
    ("b1", "b2", "W1", "W2"): "all biases before the weights",
    ("W2", "b2", "W1", "b1"): "the output layer before the hidden one",
}
_BY_UNIT = {
    (): "",
    ("W1",): ", W1 hidden unit by hidden unit",
    ("W2",): ", W2 output by output",
    ("W1", "W2"): ", both unit by unit",
}
_RANGES: dict[str, dict[str, Any]] = {
    "U[0, 1)": {"distribution": "uniform", "low": 0.0, "high": 1.0},
    "U[-1, 1)": {"distribution": "uniform", "low": -1.0, "high": 1.0},
    "U[-0.5, 0.5)": {"distribution": "uniform", "low": -0.5, "high": 0.5},
    "N(0, 1)": {"distribution": "normal", "mean": 0.0, "std": 1.0},
}


def biases(setting: Setting) -> Iterator[Cause]:
    """Biases that one of the two has not, that start at 0, or that stay as they are."""
    experiment, order = setting.experiment, setting.experiment.init.order
    if experiment.init.distribution == "given":
        return
    if experiment.network.bias:
        without = changed(setting, "init", order=tuple(entry for entry in order if entry not in ("b1", "b2")))
        yield Cause("biases", "it has no biases", changed(without, "network", bias=False))
        yield Cause("biases", "its biases start at 0", replace(setting, zero_biases=True))
        if not experiment.convergence.stop:
            fixed = replace(setting.rule, fixed_biases=True)
            yield Cause("biases", "it does not update its biases", replace(setting, rule=fixed))
        return
    weights = tuple(entry for entry in order if entry not in ("b1", "b2"))
    biased = changed(setting, "network", bias=True)
    last = changed(biased, "init", order=(*weights, "b1", "b2"))
    yield Cause("biases", "it has biases, which it draws after all weights", last)
    if weights == ("W1", "W2"):
        layers = changed(biased, "init", order=("W1", "b1", "W2", "b2"))
        yield Cause("biases", "it has biases, and draws each layer's after its weights", layers)
    yield Cause("biases", "it has biases, which start at 0", replace(last, zero_biases=True))


def orders(setting: Setting) -> Iterator[Cause]:
    """Other orders of the draws."""
    init, network = setting.experiment.init, setting.experiment.network
    if init.distribution == "given":
        return
    several = len(setting.experiment.task.targets[0]) > 1
    for order, text in _ORDERS.items():
        for units, added in _BY_UNIT.items():
            drawn = tuple(f"{name}.T" if name in units else name for name in order)
            # A matrix of one column is drawn alike both ways.
            ours = tuple("W2" if entry == "W2.T" and not several else entry for entry in init.order)
            if network.bias == ("b1" in order) and drawn != ours and (several or "W2" not in units):
                yield Cause("draws", f"it draws {text}{added}", changed(setting, "init", order=drawn))
    if network.bias:
        text = "it draws unit by unit, each unit's bias after its weights"
        yield Cause("draws", text, replace(setting, units=True))


def distributions(setting: Setting) -> Iterator[Cause]:
    """Other generators, distributions and scales."""
    init = setting.experiment.init
    if init.distribution == "given":
        return
    if init.generator == "mt19937":
        text, other = "it draws from np.random.default_rng(seed), not as np.random.seed(seed) does", "pcg64"
    else:
        text, other = "it draws as np.random.seed(seed) does, not from np.random.default_rng(seed)", "mt19937"
    yield Cause("numbers", text, changed(setting, "init", generator=other))
    if init.distribution == "uniform":
        yield Cause("numbers", "it draws from Python's own random", replace(setting, python=True))
    unused = {"low": -1.0, "high": 1.0, "mean": 0.0, "std": 1.0}
    for text, values in _RANGES.items():
        if any(getattr(init, key) != value for key, value in values.items()):
            changed_to = changed(setting, "init", **unused | values)
            yield Cause("numbers", f"it draws from {text}", changed_to)
            if values["distribution"] == "uniform":
                yield Cause("numbers", f"it draws from {text} by Python's own random", replace(changed_to, python=True))
    if init.scale != 1.0:
        yield Cause("numbers", "it does not scale its draws", changed(setting, "init", scale=1.0))
    else:
        scaled = changed(setting, "init", scale="1/sqrt(fan_in)")
        yield Cause("numbers", "it scales its draws by 1/sqrt(fan_in)", scaled)
