"""Scripts run as their readers run them: by another process that finds NumPy and the standard library, no more."""

import json
import os
import subprocess
import sys
from pathlib import Path

_ONLY_NUMPY = """
import contextlib, io, json, runpy, sys

class OnlyNumPy:
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root != "numpy" and root not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"no package but NumPy is here: {name}", name=name)

sys.meta_path.insert(0, OnlyNumPy())
for path in sys.argv[1:]:
    printed, code = io.StringIO(), 0
    try:
        with contextlib.redirect_stdout(printed):
            runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        code = int(end.code or 0)
    print(json.dumps([code, printed.getvalue()]))
"""


def run_scripts(texts: list[str], folder: Path, warnings: str = "error") -> list[tuple[int, str]]:
    """Run scripts in a folder that holds nothing else; the exit code of each, and what it prints."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.py" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    python = [sys.executable, "-I", "-W", warnings, "-c", _ONLY_NUMPY]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([*python, *map(str, paths)], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [(code, printed) for code, printed in map(json.loads, done.stdout.splitlines())]


def verdicts(printed: str) -> dict[str, str]:
    """What a script says of each column."""
    rows = printed.splitlines()[1:-1]
    return {row[:24].strip(): row.split()[-1] for row in rows}
