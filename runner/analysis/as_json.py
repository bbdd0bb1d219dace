"""An analysis as what strict JSON can hold."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from runner.analysis.analysis import Analysis


def as_json(found: "Analysis") -> dict[str, Any]:
    """Return all answers: frames as lists of rows, what is missing or not finite as None; without the trials."""
    best = found.best and {
        "chosen": found.best.chosen,
        "choosing": found.best.choosing,
        "scoring": found.best.scoring,
        "table": _rows(found.best.table),
    }
    frames = {name: getattr(found, name) for name in ("configurations", "effects", "enough", "needed", "located")}
    return {
        "name": found.name,
        "where": found.where,
        "keys": list(found.keys),
        "axes": list(found.axes),
        "sentences": {section: list(said) for section, said in found.sentences.items()},
        "notes": list(found.notes),
        "stopped": found.stopped,
        "best": best,
        **{name: None if frame is None else _rows(frame) for name, frame in frames.items()},
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [_cells(frame[name]) for name in frame]
    names = [str(name) for name in frame]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _cells(values: "pd.Series[Any]") -> list[Any]:
    cells = values.tolist()
    if values.dtype == np.float64:
        for place in np.flatnonzero(~np.isfinite(values.to_numpy())):
            cells[place] = None
        return cells
    return [None if cell is pd.NA or (isinstance(cell, float) and not math.isfinite(cell)) else cell for cell in cells]
