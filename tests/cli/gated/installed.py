"""The gated provider as a package that is installed."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

__all__ = ["install_gated"]


def install_gated(folder: Path) -> Path:
    """``folder`` as one that Python finds the provider in."""
    about = folder / "ml4t_gated-1.0.dist-info"
    about.mkdir(parents=True)
    copy(Path(__file__).parent / "ml4t_gated.py", folder)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ml4t_gated\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[ml4t_nb.providers]\ngated = ml4t_gated:GatedProvider\n"
    )
    return folder
