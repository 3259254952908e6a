"""Renews ``binder/requirements.txt`` with the newest release of everything the notebooks need."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

__all__ = ["HEAD", "ROOT", "WANTED"]

ROOT = Path(__file__).parents[2]
WANTED = ("jupyterlab", "voila", "duckdb", "polars", "apprise")
"""What the notebooks need besides the package's own requirements."""

HEAD = """\
# Everything the notebooks need, at one version each, renewed by
#   python -m tests.binder.pins
# A test builds this environment and runs the quickstart in it.
"""


def main() -> None:
    """Make an environment, and write down what is in it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", str(ROOT), *WANTED], check=True)
        frozen = subprocess.run(
            [*pip, "freeze", "--exclude", "ml4t-nb", "--exclude", "pip", "--exclude", "setuptools"],
            check=True,
            capture_output=True,
            text=True,
        )
    (ROOT / "binder" / "requirements.txt").write_text(f"{HEAD}{frozen.stdout}")
    sys.stdout.write(frozen.stdout)


if __name__ == "__main__":
    main()
