"""A task read from a CSV file: a header row, then a sample a row, every cell that is used a finite number."""

import csv
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from runner.experiment.document import CsvTask
from runner.experiment.spec import CELLS, LARGEST, Task
from runner.messages import Refusal, checked, nearest, shown

LARGEST_FILE = 64 * 2**20  # bytes


def csv_task(table: CsvTask, folder: Path) -> Task:
    """Return the task of a [task] table that names a CSV file, by a path relative to `folder` and not above it.

    Raises `Refusal` naming the file, and the line and the column where it is about one cell.
    """
    path = _inside(table.csv, folder)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            inputs, targets = _samples(lines, table)
    except UnicodeDecodeError:
        raise Refusal("task.csv", "is not UTF-8 text; save it as CSV UTF-8", table.csv) from None
    except OSError as error:
        raise Refusal("task.csv", f"cannot be read: {error.strerror}", table.csv) from None
    content = {"name": table.name or path.stem, "inputs": inputs, "targets": targets}
    return cast(Task, checked(Task, content, "task"))


def _inside(name: str, folder: Path) -> Path:
    try:
        home, path = folder.resolve(), (folder / name).resolve()
        if not path.is_relative_to(home):
            raise Refusal("task.csv", "lies outside the folder of the experiment file; copy it there", name)
        status = path.stat()
    except FileNotFoundError:
        raise Refusal("task.csv", "there is no such file beside the experiment file", name) from None
    except (OSError, ValueError, RuntimeError) as error:  # no permission; a NUL in the name; a loop of links
        raise Refusal("task.csv", f"cannot be read: {getattr(error, 'strerror', error)}", name) from None
    if not stat.S_ISREG(status.st_mode):
        raise Refusal("task.csv", "is not a regular file", name)
    if status.st_size > LARGEST_FILE:
        raise Refusal("task.csv", f"has more than {LARGEST_FILE // 2**20} MB", name)
    return path


def _samples(lines: Iterable[str], table: CsvTask) -> tuple[list[list[float]], list[list[float]]]:
    rows = csv.reader(lines, strict=True)
    inputs: list[list[float]] = []
    targets: list[list[float]] = []
    try:
        header = next(rows, [])
        wanted = [
            _columns(header, table.input_columns, "input_columns"),
            _columns(header, table.target_columns, "target_columns"),
        ]
        widest = max(map(len, wanted))
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                why = f"line {rows.line_num} has {len(row)} cells and the header {len(header)}"
                raise Refusal("task.csv", why, table.csv)
            for columns, samples in zip(wanted, (inputs, targets), strict=True):
                samples.append(
                    [_number(row[c], f"line {rows.line_num}, column {shown(header[c])}", table) for c in columns]
                )
            if len(inputs) * widest > CELLS:
                raise Refusal("task.csv", f"gives more than {CELLS:,} numbers", table.csv)
    except csv.Error as error:
        raise Refusal("task.csv", f"line {rows.line_num} is not CSV: {error}", table.csv) from None
    if not inputs:
        raise Refusal("task.csv", "has no row below its header", table.csv)
    return inputs, targets


def _columns(header: list[str], names: Iterable[str], key: str) -> list[int]:
    for name in names:
        if header.count(name) != 1:
            why = (
                "stands twice in the header"
                if name in header
                else f"there is no such column; {nearest(name, header or ['none'])}"
            )
            raise Refusal(f"task.{key}", why, name)
    return [header.index(name) for name in names]


def _number(cell: str, place: str, table: CsvTask) -> float:
    try:
        number = float(cell.replace("_", "?"))  # float() would read 1_0 as 10
    except ValueError:
        raise Refusal("task.csv", f"{place}: {shown(cell)} is not a number", table.csv) from None
    if not abs(number) <= LARGEST:
        raise Refusal("task.csv", f"{place}: {shown(cell)} is not finite, or above 1e30 in magnitude", table.csv)
    return number
