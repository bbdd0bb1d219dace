"""What the fuzzers try: each target takes any bytes, and raises only where the program would show a traceback."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from runner.errors import RunnerError
from runner.experiment.reading import read, whole
from runner.experiment.source import shipped
from tests.runner.running import swept

Target = Callable[[bytes], None]

CSV_TASK = """name = "a"
[task]
csv = "samples.csv"
input_columns = ["a", "b"]
target_columns = ["y"]
"""
SWEEP: dict[str, Any] = {
    "name": "small",
    "task": "xor",
    "training": {"epochs": 4},
    "record": {"weights": True, "curve": [0, 4], "fate": True, "probes": [[0.5, 0.5]]},
    "sweep": {"seeds": 2, "hidden": [1, 2], "learning_rate": [0.5, 1.0]},
}
FILES = ("manifest.json", "trials.csv", "trials.parquet", "summary.csv", "curves.csv", "weights-2-1-1.npz")


def experiment(folder: Path) -> Target:
    """An experiment file of any bytes is read, and is then the same when it is written out whole; or it is refused."""
    path = folder / "a.toml"

    def target(content: bytes) -> None:
        path.write_bytes(content)
        try:
            found = read(path)
        except RunnerError as error:
            _one_sentence(error)
            return
        assert read(whole(found)) == found

    return target


def csv(folder: Path) -> Target:
    """A task's CSV file of any bytes is read, or refused."""
    path = folder / "a.toml"
    path.write_text(CSV_TASK, encoding="utf-8")

    def target(content: bytes) -> None:
        (folder / "samples.csv").write_bytes(content)
        try:
            read(path)
        except RunnerError as error:
            _one_sentence(error)

    return target


def tables(folder: Path) -> Target:
    """Of a folder of results any one file holds any bytes, and whatever reads it answers or refuses.

    The first byte says which file and whether the manifest vouches for its bytes, the second who reads.
    """
    made = {form: swept(SWEEP, folder / form, format=form) for form in ("csv", "parquet")}
    place = folder / "results"
    place.mkdir()

    def target(content: bytes) -> None:
        if len(content) < 2:
            return
        name = FILES[content[0] % len(FILES)]
        reader = READERS[content[1] % len(READERS)]
        source = made["parquet" if name == "trials.parquet" else "csv"]
        with _replaced(source, place, name, content[2:], vouched=content[0] < 128):
            try:
                reader(place)
            except RunnerError as error:
                _one_sentence(error)

    return target


TARGETS: dict[str, Callable[[Path], Target]] = {"experiment": experiment, "csv": csv, "tables": tables}


def seeds(name: str, folder: Path) -> Iterator[bytes]:
    """Sound inputs for a target, from which a fuzzer starts; those of tables are of a folder that `tables` filled."""
    if name == "experiment":
        yield from (path.read_bytes() for path in shipped().values())
        yield CSV_TASK.encode()
    elif name == "csv":
        yield b"a,b,y\n0,1,0.5\n1,0,1e-3\n"
        yield b'\xef\xbb\xbf"y","b","a"\r\n"1","2","3"\r\n\r\n'
    else:
        for number, file in enumerate(FILES):
            (path,) = (folder / ("parquet" if file.endswith("parquet") else "csv")).glob(f"*/{file}")
            for reader in range(len(READERS)):
                yield bytes([number, reader]) + path.read_bytes()


def _one_sentence(error: RunnerError) -> None:
    assert str(error).strip()
    assert "\n" not in str(error)


@contextmanager
def _replaced(source: Path, place: Path, name: str, content: bytes, vouched: bool) -> Iterator[None]:
    """Let `place` be a copy of a folder with another content of one file, of which the manifest may know."""
    manifest = json.loads((source / "manifest.json").read_bytes())
    for file in manifest["files"]:
        shutil.copyfile(source / file, place / file)
    if vouched and name in manifest["files"]:
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (place / name).write_bytes(content)
    try:
        yield
    finally:
        for file in place.iterdir():
            with suppress(OSError):
                file.unlink()


def _load(place: Path) -> None:
    from runner.tables.loading import load

    load(place)


def _analyze(place: Path) -> None:
    from runner.analysis.analyze import analyze

    str(analyze(place))


def _status(place: Path) -> None:
    from runner.sweeping.status import status

    str(status(place))


def _audit(place: Path) -> None:
    from runner.checking.audit import audit

    str(audit(place, sample=2, progress=False))


def _explain(place: Path) -> None:
    from runner.checking.explain import explain

    explain(place, 3)


def _compare(place: Path) -> None:
    from runner.analysis.comparison import compare

    str(compare(place, place))


def _page(place: Path) -> None:
    """What a page says of where its tables come from; its pictures are `analyze`'s to refuse, and slow."""
    from runner.reporting import about, provenance
    from runner.reporting.origin import origin
    from runner.tables.loading import load

    found, trials = origin(place), load(place).trials
    for said in (provenance.title, provenance.toml, provenance.files, provenance.made, provenance.citation):
        said(found)
    provenance.steps(found)
    about.what_was_run(found, trials, ["hidden", "learning_rate"])


READERS = (_load, _analyze, _status, _audit, _explain, _compare, _page)
