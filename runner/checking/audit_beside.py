"""Curves and weights beside a table of trials, read in step with its rows."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from runner.checking.audit_cells import Taking, check_columns, different, written
from runner.checking.audit_findings import Misfit
from runner.labels import plural
from runner.planning.chunks import Shapes
from runner.planning.plan import Plan
from runner.planning.product import Numbers
from runner.tables.cells import CELLS, column
from runner.tables.columns import Kind

_COLUMNS: dict[str, Kind] = {"trial": "whole", "epoch": "whole", "loss": "real"}


class Curves:
    """curves.csv, read in the order of trials; raises `Misfit` where it has other columns."""

    def __init__(self, path: Path, epochs: tuple[int, ...]) -> None:
        check_columns(path, _COLUMNS)
        self._rows, self._epochs = Taking(path, list(_COLUMNS)), np.array(epochs)

    def take(self, trials: Numbers, epochs_run: Numbers, wanted: NDArray[np.bool_]) -> list[pa.Array]:
        """The losses of those wanted of the next trials, as text; raises `Misfit` where they are other rows."""
        found, step = list[pa.Array](), max(1, CELLS // len(self._epochs))
        for rows in (slice(start, start + step) for start in range(0, len(trials), step)):
            ran = self._epochs[None, :] <= epochs_run[rows, None]
            trial, epoch = (np.broadcast_to(a, ran.shape)[ran] for a in (trials[rows, None], self._epochs[None, :]))
            got = self._rows.take(len(trial))
            if len(trial):
                own = written({"trial": column(trial, "whole"), "epoch": column(epoch, "whole")}, text=True)
                apart = different(got["trial"], own["trial"]) | different(got["epoch"], own["epoch"])
                if apart.any():
                    at = int(np.argmax(apart))
                    raise Misfit(
                        f"{self._rows.name}: it has trial {got['trial'][at]} epoch {got['epoch'][at]} where trial "
                        f"{trial[at]} epoch {epoch[at]} should be"
                    )
            ends = np.cumsum(ran.sum(axis=1))
            losses = got["loss"].combine_chunks() if len(trial) else pa.array([], pa.string())
            for place in np.flatnonzero(wanted[rows]).tolist():
                first = int(ends[place - 1]) if place else 0
                found.append(losses.slice(first, int(ends[place]) - first))
        return found

    def end(self) -> None:
        """Raise `Misfit` where rows are left."""
        self._rows.end()


class Weights:
    """The files of weights, read in the order of trials; raises `Misfit` where one holds other arrays."""

    def __init__(self, folder: Path, plan: Plan, names: dict[tuple[int, bool], str]) -> None:
        task = plan.experiment.task
        self._shapes = Shapes(plan)
        self._files = {
            network: _Network(folder / name, len(task.inputs[0]), network, len(task.targets[0]))
            for network, name in names.items()
        }

    def take(self, trials: Numbers, configurations: Numbers, wanted: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
        """The weights of those wanted of the next trials, in a row; raises `Misfit` where they are other trials'."""
        kinds = self._shapes.numbers(configurations)
        networks = [(shape.hidden, shape.bias) for shape in self._shapes.found]
        found = dict[int, NDArray[np.float64]]()
        for network in dict.fromkeys(networks[kind] for kind in np.unique(kinds)):
            own = np.isin(kinds, [kind for kind, of in enumerate(networks) if of == network])
            rows = self._files[network].take(trials[own], wanted[own])
            found |= dict(zip(trials[own & wanted].tolist(), rows, strict=True))
        return [found[trial] for trial in trials[wanted].tolist()]

    def end(self) -> None:
        """Raise `Misfit` where a file has more trials than its network."""
        for file in self._files.values():
            file.end()


class _Network:
    """weights-….npz of one network; its arrays are found in the file without reading them whole."""

    def __init__(self, path: Path, inputs: int, network: tuple[int, bool], outputs: int) -> None:
        self._path, self._taken = path, 0
        hidden, bias = network
        shapes: dict[str, tuple[int, ...]] = {"trial": (), "W1": (inputs, hidden), "b1": (hidden,)}
        shapes |= {"W2": (hidden, outputs), "b2": (outputs,)}
        if not bias:
            shapes = {name: shape for name, shape in shapes.items() if not name.startswith("b")}
        try:
            with zipfile.ZipFile(path) as archive, path.open("rb") as file:
                names = [f"{name}.npy" for name in shapes]
                if archive.namelist() != names:
                    raise Misfit(f"{path.name}: it holds {', '.join(archive.namelist())}, not {', '.join(names)}")
                if damaged := archive.testzip():
                    raise Misfit(f"{path.name}: {damaged} is damaged (CRC-32)")
                arrays = [_array(file, archive.getinfo(name)) for name in names]
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, SyntaxError) as error:
            raise Misfit(f"{path.name}: it cannot be read: {error}") from None
        self._count = arrays[0][2][0] if arrays[0][2] else -1
        for (name, shape), (_, dtype, found) in zip(shapes.items(), arrays, strict=True):
            own = np.dtype(np.int64 if name == "trial" else np.float64)
            if found != (self._count, *shape) or dtype != own:
                raise Misfit(f"{path.name}: {name} is {dtype} {found}; it must be {own} {(self._count, *shape)}")
        self._places = [offset for offset, _, _ in arrays]
        self._widths = [int(np.prod(shape)) for shape in shapes.values()]

    def take(self, trials: Numbers, wanted: NDArray[np.bool_]) -> NDArray[np.float64]:
        start, self._taken = self._taken, self._taken + len(trials)
        if self._taken > self._count:
            raise Misfit(f"{self._path.name}: it ends too early")
        parts = [self._read(k, start, len(trials)) for k in range(len(self._places) if wanted.any() else 1)]
        apart = parts[0].view(np.int64)[:, 0] != trials
        if apart.any():
            at = int(np.argmax(apart))
            raise Misfit(
                f"{self._path.name}: entry {start + at} is of trial {parts[0].view(np.int64)[at, 0]}; it must be "
                f"{trials[at]}"
            )
        return np.concatenate([part[wanted] for part in parts[1:]], axis=1) if wanted.any() else np.empty((0, 0))

    def end(self) -> None:
        if self._taken != self._count:
            raise Misfit(
                f"{self._path.name}: it has {plural(self._count, 'trial')}; of this network there are {self._taken:,}"
            )

    def _read(self, k: int, start: int, count: int) -> NDArray[np.float64]:
        """Entries of the k-th array, a row each."""
        width = self._widths[k]
        try:
            offset = self._places[k] + 8 * width * start
            values = np.fromfile(self._path, np.float64, count * width, offset=offset)
            return values.reshape(count, width)
        except (OSError, ValueError) as error:
            raise Misfit(f"{self._path.name}: it cannot be read: {error}") from None


def _array(file: Any, entry: zipfile.ZipInfo) -> tuple[int, np.dtype[Any], tuple[int, ...]]:
    """Where an array's entries begin in the file, and its type and shape."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename} is compressed")
    file.seek(entry.header_offset + 26)
    name, extra = np.frombuffer(file.read(4), "<u2").tolist()
    file.seek(entry.header_offset + 30 + name + extra)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"{entry.filename} is no array")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if fortran:
        raise ValueError(f"{entry.filename} is in column order")
    return file.tell(), dtype, shape
