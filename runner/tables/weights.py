"""weights-<inputs>-<hidden>-<outputs>[-bias].npz: the weights of every trial after its last update.

Rows are collected in plain files while training goes on, one for each array, so that memory does not grow with the
number of trials.
"""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import Task

_BLOCK = 2**20  # bytes copied at a time


class WeightsWriter:
    """One file for each network; its arrays have an entry a trial, ascending.

    `trial` (trials,), `W1` (trials, inputs, hidden), `b1` (trials, hidden), `W2` (trials, hidden, outputs), `b2`
    (trials, outputs); without biases no `b1` and `b2`.
    """

    def __init__(self, folder: Path, task: Task) -> None:
        self._folder = folder
        self._inputs, self._outputs = len(task.inputs[0]), len(task.targets[0])
        self._trials: dict[tuple[int, bool], int] = {}

    def write(self, hidden: int, bias: bool, trials: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        """Add the weights (trials, parameters; W1, b1, W2, b2 in a row) of trials of one network."""
        earlier = self._trials.get((hidden, bias), 0)
        sizes = [int(np.prod(shape)) for shape in self._shapes(hidden, bias).values()]
        columns = np.split(weights, np.cumsum(sizes)[:-1], axis=1)
        for name, array in zip(("trial", *self._shapes(hidden, bias)), (trials, *columns), strict=True):
            # Opened anew for each batch: a sweep may have more networks than a process may have open files.
            with self._part(hidden, bias, name).open("ab" if earlier else "wb") as file:
                file.write(np.ascontiguousarray(array).tobytes())
        self._trials[hidden, bias] = earlier + len(trials)

    def close(self) -> list[str]:
        """Write the archives; their names."""
        names = []
        for (hidden, bias), count in self._trials.items():
            name = f"{self._name(hidden, bias)}.npz"
            with zipfile.ZipFile(self._folder / name, "w") as archive:
                self._move(archive, hidden, bias, "trial", np.dtype(np.int64), (count,))
                for parameter, shape in self._shapes(hidden, bias).items():
                    self._move(archive, hidden, bias, parameter, np.dtype(np.float64), (count, *shape))
            names.append(name)
        return names

    def _move(
        self, archive: zipfile.ZipFile, hidden: int, bias: bool, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]
    ) -> None:
        """Move collected rows into an archive as an array of this shape, as `np.savez` would write it."""
        part = self._part(hidden, bias, name)
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file, part.open("rb") as rows:
            np.lib.format.write_array_header_1_0(file, header)
            shutil.copyfileobj(rows, file, _BLOCK)
        part.unlink()

    def _part(self, hidden: int, bias: bool, name: str) -> Path:
        return self._folder / f"{self._name(hidden, bias)}.{name}"

    def _name(self, hidden: int, bias: bool) -> str:
        return f"weights-{self._inputs}-{hidden}-{self._outputs}{'-bias' * bias}"

    def _shapes(self, hidden: int, bias: bool) -> dict[str, tuple[int, ...]]:
        weights: dict[str, tuple[int, ...]] = {"W1": (self._inputs, hidden), "W2": (hidden, self._outputs)}
        if not bias:
            return weights
        return {"W1": weights["W1"], "b1": (hidden,), "W2": weights["W2"], "b2": (self._outputs,)}
