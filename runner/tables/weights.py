"""weights-<inputs>-<hidden>-<outputs>[-bias].npz: the weights of every trial after its last update.

Rows are collected in plain files while training goes on, so that memory does not grow with the number of trials.
"""

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from runner.experiment.spec import Task

_ROWS = 65_536


class WeightsWriter:
    """One file for each network; its arrays have an entry a trial, ascending.

    `trial` (trials,), `W1` (trials, inputs, hidden), `b1` (trials, hidden), `W2` (trials, hidden, outputs), `b2`
    (trials, outputs); without biases no `b1` and `b2`.
    """

    def __init__(self, folder: Path, task: Task) -> None:
        self._folder = folder
        self._inputs, self._outputs = len(task.inputs[0]), len(task.targets[0])
        self._rows: dict[tuple[int, bool], tuple[IO[bytes], IO[bytes]]] = {}

    def write(self, hidden: int, bias: bool, trials: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        """Add the weights (trials, parameters; W1, b1, W2, b2 in a row) of trials of one network."""
        if (hidden, bias) not in self._rows:
            trial, flat = (self._folder / f"{self._name(hidden, bias)}.{part}" for part in ("trial", "flat"))
            self._rows[hidden, bias] = trial.open("wb"), flat.open("wb")
        for file, array in zip(self._rows[hidden, bias], (trials, weights), strict=True):
            file.write(np.ascontiguousarray(array).tobytes())

    def close(self) -> list[str]:
        """Write the archives; their names."""
        names = []
        for (hidden, bias), files in self._rows.items():
            for file in files:
                file.close()
            trial_path, flat_path = (Path(file.name) for file in files)
            trial = np.memmap(trial_path, np.int64, "r")
            flat = np.memmap(flat_path, np.float64, "r").reshape(len(trial), -1)
            name = f"{self._name(hidden, bias)}.npz"
            with zipfile.ZipFile(self._folder / name, "w") as archive:
                _write_array(archive, "trial", trial, trial.shape)
                start = 0
                for parameter, shape in self._shapes(hidden, bias).items():
                    stop = start + int(np.prod(shape))
                    _write_array(archive, parameter, flat[:, start:stop], (len(trial), *shape))
                    start = stop
            del trial, flat
            trial_path.unlink()
            flat_path.unlink()
            names.append(name)
        return names

    def abandon(self) -> None:
        """Close the files as they are."""
        for file in (file for files in self._rows.values() for file in files):
            with suppress(OSError):
                file.close()

    def _name(self, hidden: int, bias: bool) -> str:
        return f"weights-{self._inputs}-{hidden}-{self._outputs}{'-bias' * bias}"

    def _shapes(self, hidden: int, bias: bool) -> dict[str, tuple[int, ...]]:
        weights: dict[str, tuple[int, ...]] = {"W1": (self._inputs, hidden), "W2": (hidden, self._outputs)}
        if not bias:
            return weights
        return {"W1": weights["W1"], "b1": (hidden,), "W2": weights["W2"], "b2": (self._outputs,)}


def _write_array(archive: zipfile.ZipFile, name: str, rows: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    """Write rows as an array of this shape, a block at a time, as `np.savez` would."""
    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as file:
        header = {"descr": np.lib.format.dtype_to_descr(rows.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(rows), _ROWS):
            file.write(np.ascontiguousarray(rows[start : start + _ROWS]).tobytes())
