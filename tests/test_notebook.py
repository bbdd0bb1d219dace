from pathlib import Path

import nbformat
from nbclient import NotebookClient

PAGE = Path(__file__).parents[1] / "docs" / "typical.ipynb"


def printed(notebook):
    """What each cell of code answers in words; pictures have other bytes with other versions."""
    return [
        [
            output.get("text") or output["data"]["text/plain"]
            for output in cell["outputs"]
            if "image/png" not in output.get("data", {})
        ]
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]


def pictures(notebook):
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_the_notebook_runs_and_says_what_it_said():
    committed, again = (nbformat.read(PAGE, as_version=4) for _ in range(2))
    NotebookClient(again, timeout=240, resources={"metadata": {"path": str(PAGE.parents[1])}}).execute()
    assert printed(again) == printed(committed)
    assert pictures(again) == pictures(committed) == 2
