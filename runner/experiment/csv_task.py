"""A task read from a CSV file: a header row, then a sample a row, every cell that is used a finite number."""

import csv
import io
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from runner.experiment.document import CsvTask
from runner.experiment.limits import CELLS, CSV_FILE, LARGEST
from runner.experiment.spec import Task
from runner.labels import plural
from runner.messages import Refusal, checked, nearest, shown


def csv_task(table: CsvTask, folder: Path) -> Task:
    """Return the task of a [task] table that names a CSV file, by a path relative to `folder` and not above it.

    Raises `Refusal` naming the file, and the line and the column where it is about one cell.
    """
    path = _inside(table.csv, folder)
    try:
        with path.open("rb") as file:
            content = file.read(CSV_FILE + 1)
        if len(content) > CSV_FILE:
            raise Refusal("task.csv", f"has more than {CSV_FILE // 2**20} MB; leave out columns or rows", table.csv)
        with io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="") as lines:
            inputs, targets = _samples(lines, table, content.count(b"\n"))
    except UnicodeDecodeError:
        raise Refusal("task.csv", "is not UTF-8 text; save it as CSV UTF-8", table.csv) from None
    except OSError as error:
        raise Refusal("task.csv", f"cannot be read: {error.strerror}", table.csv) from None
    samples = {"name": table.name or path.stem, "inputs": inputs, "targets": targets}
    return cast(Task, checked(Task, samples, "task"))


def _inside(name: str, folder: Path) -> Path:
    try:
        home, path = folder.resolve(), (folder / name).resolve()
        if not path.is_relative_to(home):
            raise Refusal("task.csv", "lies outside the folder of the experiment file; copy it there", name)
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise Refusal("task.csv", "there is no such file beside the experiment file", name) from None
    except (OSError, ValueError, RuntimeError) as error:  # no permission; a NUL in the name; a loop of links
        raise Refusal("task.csv", f"cannot be read: {getattr(error, 'strerror', error)}", name) from None
    if not stat.S_ISREG(mode):
        raise Refusal("task.csv", "is not a regular file", name)
    return path


def _samples(lines: Iterable[str], table: CsvTask, count: int) -> tuple[list[list[float]], list[list[float]]]:
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
        if count * widest > CELLS:
            why = f"has {count:,} lines, and of {widest} columns each gives more than {CELLS:,} numbers; leave out some"
            raise Refusal("task.csv", why, table.csv)
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                why = f"line {rows.line_num} has {plural(len(row), 'cell')} and the header {len(header):,}"
                raise Refusal("task.csv", why, table.csv)
            for columns, samples in zip(wanted, (inputs, targets), strict=True):
                samples.append(
                    [_number(row[c], f"line {rows.line_num}, column {shown(header[c])}", table) for c in columns]
                )
            if len(inputs) * widest > CELLS:
                raise Refusal("task.csv", f"gives more than {CELLS:,} numbers; leave out rows or columns", table.csv)
    except csv.Error as error:
        raise Refusal("task.csv", f"line {rows.line_num} is not CSV: {error}", table.csv) from None
    if not inputs:
        raise Refusal("task.csv", "has no row below its header", table.csv)
    return inputs, targets


def _columns(header: list[str], names: Iterable[str], key: str) -> list[int]:
    # A header may have millions of cells: both are made without a loop of Python's.
    counts, places = Counter(header), dict(zip(header, range(len(header)), strict=True))
    found = []
    for name in names:
        if name not in places:
            raise Refusal(f"task.{key}", f"there is no such column; {nearest(name, header or ['none'])}", name)
        if counts[name] > 1:
            raise Refusal(f"task.{key}", "stands twice in the header", name)
        found.append(places[name])
    return found


def _number(cell: str, place: str, table: CsvTask) -> float:
    try:
        number = float(cell.replace("_", "?"))  # float() would read 1_0 as 10
    except ValueError:
        raise Refusal("task.csv", f"{place}: {shown(cell)} is not a number", table.csv) from None
    if not abs(number) <= LARGEST:
        raise Refusal("task.csv", f"{place}: {shown(cell)} is not finite, or above 1e30 in magnitude", table.csv)
    return number
