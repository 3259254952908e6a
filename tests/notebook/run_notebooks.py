"""The notebooks run anew, as they are committed.

``python -m tests.notebook.run_notebooks`` runs all of them, ``... 03_panels`` those named; look at
each before it is committed. Cells that need the network are left out, and so are widgets, which no
kernel answers for later: what they showed stands beside them as HTML.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

__all__ = ["FOLDER", "VIEW"]

FOLDER = Path(__file__).parents[2] / "notebooks"
VIEW = "application/vnd.jupyter.widget-view+json"


def main(names: Sequence[str]) -> None:
    """Run the notebooks of these names, all if there is none."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.stem in names:
            print(path.name)  # noqa: T201  # it takes minutes
            _run(path)


def _run(path: Path) -> None:
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat's
    client = NotebookClient(
        book,
        timeout=600,
        record_timing=False,
        skip_cells_with_tag="network",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if VIEW not in each.get("data", {})]
    book.metadata = {"kernelspec": book.metadata["kernelspec"]}
    nbformat.write(book, path)  # type: ignore[no-untyped-call]  # the same


if __name__ == "__main__":
    main(sys.argv[1:])
