"""One sweep over three axes with awkward names, and its page."""

import pytest

from runner import report
from tests.runner.running import swept

EVIL = "<script>alert(1)</script></style>\"'&amp; %s{{ 7 * 7 }}"
GRID = {
    "name": "grid",
    "description": f"a sweep {EVIL}",
    "task": {"name": f"x{EVIL}"[:90], "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [[0], [1], [1], [0]]},
    "training": {"epochs": 800, "learning_rate": 3.0, "objective": "sse"},
    "record": {"curve": {"every": 100}},
    "sweep": {"seeds": 12, "hidden": [2, 4], "learning_rate": [1.0, 8.0], "update": ["batch", "online"]},
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return swept(GRID, tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="session")
def page(folder):
    return report(folder)
