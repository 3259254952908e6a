"""IPython whose cells are files, named one a line on standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


class Plain(DisplayHook):
    """Shows a value without ``Out[1]:``."""

    def write_output_prompt(self) -> None:
        """Nothing."""


def cells(script: Path) -> list[str]:
    """An ``ipython`` block is typed line by line, a ``%%`` cell and a ``python`` block at once."""
    text = script.read_text(encoding="utf-8")
    if script.suffix == ".python" or text.startswith("%%"):
        return [text]
    return [line for line in text.splitlines() if line.strip()]


def main() -> None:
    """Run each script, then write whether it failed, and a zero byte."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config, colors="nocolor", displayhook_class=Plain)
    shell.separate_out = ""
    for line in sys.stdin:
        done = [shell.run_cell(cell) for cell in cells(Path(line.strip()))]  # type: ignore[no-untyped-call]  # IPython's
        sys.stderr.flush()
        sys.stdout.write(f"\n{int(not all(each.success for each in done))}\0")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
