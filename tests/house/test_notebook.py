"""The notebook in docs/ runs from its first cell to its last, in a kernel, and shows its pictures."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path(__file__).parents[2] / "docs" / "tour.ipynb"


def test_the_tour_runs_and_shows_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.read(TOUR, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)  # what it shows is made anew
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(scratch)}}).execute()
    shown = [output.get("data", {}) for cell in code for output in cell.outputs]
    pictures = [data["image/png"] for data in shown if "image/png" in data]
    assert len(pictures) == len(set(pictures)) == 4  # answers, the card's, losses, the report's
    assert any("text/html" in data for data in shown)  # a frame
    assert not [output for cell in code for output in cell.outputs if output.get("name") == "stderr"]
