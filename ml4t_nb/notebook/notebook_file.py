"""The file of the notebook that a kernel runs, as far as its front end says which that is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["notebook_file"]

_OF_VS_CODE = "__vsc_ipynb_file__"
_OF_JUPYTER = "JPY_SESSION_NAME"


def notebook_file(names: Mapping[str, object]) -> Path | None:
    """The notebook of a kernel with these variables; None where that is not known.

    VS Code sets a variable, and Jupyter Server since its version 2 one of the environment: of a
    console it is no notebook, and of one that was renamed since the file is not there any more.
    """
    for name in (names.get(_OF_VS_CODE), os.environ.get(_OF_JUPYTER)):
        if isinstance(name, str) and name.endswith(".ipynb") and (path := Path(name)).is_file():
            return path
    return None
