"""A row of a table as a script that stands alone: NumPy, the standard library, and the same bits."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from runner.checking.draws import draws, notebook_lines
from runner.checking.duration import duration
from runner.checking.parameters import shapes
from runner.checking.rows import Row, row
from runner.experiment.weight_axes import parsed
from runner.sweeping.kernel_cache import kernel_hash

_TEMPLATES = Path(__file__).with_name("templates")
_TABLES = ("name", "task", "network", "init", "training", "convergence", "record")


def explain(results: str | os.PathLike[str], trial: int, *, plain: bool = False, file: str = "explained.py") -> str:
    """Return the script that trains a row of a table again, and holds its columns against the table's.

    The script needs Python 3.9 and NumPy. It gives the same bits; with `plain` it is the code that a notebook would
    have, which says how far its result is. `file` is what it calls itself.

    Raises `RunnerError` where there is no such row, or no manifest beside the table to say what made it.
    """
    return script(row(results, trial), plain=plain, file=file)


def script(row: Row, *, plain: bool = False, file: str = "explained.py") -> str:
    """Return the script of a row that was found."""
    import jinja2

    templates = jinja2.Environment(  # noqa: S701 - what is made is Python, and every value in it a literal
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    templates.filters |= {"literal": _literal, "counted": _counted}
    experiment = row.trial.experiment
    return templates.get_template("plain.py.jinja" if plain else "portable.py.jinja").render(
        file=file if file.isprintable() and not set(file) & set('"\\') else "explained.py",
        row=row,
        other_kernels="" if row.kernel_hash == kernel_hash() else kernel_hash(),
        duration=duration(experiment, int(row.cells["epochs_run"] or 0)),
        shapes=shapes(experiment),
        draws=list(draws(experiment)),
        notebook_lines=list(notebook_lines(experiment, row.trial.seed)),
        replaced=[_replaced(key, value) for key, value in row.trial.weights.items()],
        expected=_expected(row),
        **{name: getattr(experiment, name) for name in _TABLES},
    )


def _literal(value: Any) -> str:
    """A value as Python writes it, text in double quotes."""
    if isinstance(value, str):
        return json.dumps(value)
    return f"[{', '.join(map(_literal, value))}]" if isinstance(value, list | tuple) else repr(value)


def _counted(items: Any, word: str) -> str:
    """A number, or that of some items, and what it counts."""
    count = items if isinstance(items, int) else len(items)
    return f"{count} {word}{'s' * (count != 1)}"


def _replaced(key: str, value: float) -> tuple[str, tuple[int, ...], float]:
    """A single weight that an axis set: its parameter, its place there, and its value."""
    name, row, column = parsed(key) or ("", 0, 0)
    return name, (row, column) if name.startswith("W") else (column,), value


def _expected(row: Row) -> dict[str, Any]:
    """What a script is held against: the columns of the row, its curve, its trained weights."""
    found: dict[str, Any] = dict(row.cells)
    found |= {f"loss after epoch {epoch}": loss for epoch, loss in row.curve.items()}
    for name, array in row.trained.items():
        for place, weight in np.ndenumerate(array):
            found[f"trained {name}[{','.join(map(str, place))}]"] = float(weight) if np.isfinite(weight) else None
    return found
