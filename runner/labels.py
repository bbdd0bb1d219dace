"""What keys and columns are called in a figure: the field's words, with units."""

from typing import Any

from runner.experiment.weight_axes import parsed

_WORDS = {
    "hidden": "hidden units",
    "bias": "biases",
    "low": "lower end of the initial weights",
    "high": "upper end of the initial weights",
    "mean": "mean of the initial weights",
    "std": "standard deviation of the initial weights",
    "scale": "scale of the initial weights",
    "learning_rate": "learning rate",
    "epochs": "budget (epochs)",
    "metric": "convergence metric",
    "threshold": "convergence threshold",
    "stop": "stop at convergence",
    "epochs_to_convergence": "epochs to convergence",
    "epochs_run": "epochs run",
    "final_loss": "mean squared error",
    "max_error": "largest error of an output",
    "holds_at_end": "converged at the end",
}


def label(name: str) -> str:
    """Return a column's name in words."""
    if weight := parsed(name):
        parameter, row, column = weight
        return {
            "W1": f"initial weight {name}, input {row} to hidden unit {column}",
            "b1": f"initial bias {name} of hidden unit {column}",
            "W2": f"initial weight {name}, hidden unit {row} to output {column}",
            "b2": f"initial bias {name} of output {column}",
        }[parameter]
    word, _, rest = name.partition("_")
    if word in ("output", "probe") and rest:
        sample, _, output = rest.partition("_")
        what = "sample" if word == "output" else "probe"
        return f"output {output}, {what} {sample}" if output else f"output, {what} {sample}"
    return _WORDS.get(name, name.replace("_", " "))


def short(name: str) -> str:
    """Return a column's name in few words, an initial weight's as it is: for lists of several."""
    return name if parsed(name) else label(name)


def text(value: Any) -> str:
    """Return a value of a key as a figure writes it."""
    if value is None:
        return "as drawn"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, as `1 seed` and `1,000 seeds`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
