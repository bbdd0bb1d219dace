import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("kernels", "runner", "experiments", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of a copy of the checkout."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy)
    isolation = ["--no-isolation"] if find_spec("hatchling") else []
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", *isolation, "--outdir", str(out), str(copy)],
        capture_output=True,
        text=True,
    )
    if done.returncode and not isolation and "hatchling" in done.stdout + done.stderr:
        pytest.skip("the build backend is not installed, and cannot be fetched")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of an environment with the wheel, which finds the dependencies where this one does."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel],
        check=True,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_a_wheel_holds_the_program_and_its_experiments(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    shipped = {path.relative_to(ROOT).as_posix() for path in (ROOT / "experiments").rglob("*.toml")}
    endings = {".py", ".jinja", ".css", ".js"}
    paths = [path for name in ("kernels", "runner") for path in (ROOT / name).rglob("*") if path.suffix in endings]
    modules = {path.relative_to(ROOT).as_posix() for path in paths}
    assert {f"runner/{name}" for name in shipped} | modules <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"kernels", "runner", "seedsweep"}


def outside(tmp_path, program, *words):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [*map(str, program), *words], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )


def test_an_installed_copy_runs_outside_the_checkout(installed, tmp_path):
    done = outside(tmp_path, [installed, "-m", "runner"], "sweep", "xor", "--set", "sweep.seeds=3")
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "results" / "xor" / "manifest.json").read_text())
    assert manifest["counts"]["trials"] == 3 * manifest["counts"]["configurations"]
    where = outside(tmp_path, [installed], "-c", "import runner, kernels; print(runner.__file__, kernels.__file__)")
    assert str(ROOT) not in where.stdout
    again = outside(
        tmp_path, [installed.parent / "seedsweep"], "sweep", "experiments/xor.toml", "--set", "sweep.seeds=3"
    )
    assert "is complete already" in again.stdout


def test_an_installed_copy_has_the_version_of_the_project(installed, tmp_path):
    done = outside(tmp_path, [installed.parent / "seedsweep"], "--version")
    version = next(line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version"))
    assert done.stdout == f"seedsweep {version.split(chr(34))[1]}\n"
