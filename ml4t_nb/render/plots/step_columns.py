"""What becomes of the numbers of several bars that are drawn as one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

__all__ = ["joined_column"]


def joined_column(name: str, values: Floats, starts: Any) -> Floats:  # noqa: ANN401  # row numbers
    """What becomes of a column where several bars are one step; NaN if none has a number."""
    import numpy as np

    found: Floats = values
    if len(starts) == len(values):
        return found
    match name:
        case "open":
            found = values[_known(values, starts)]
        case "close":
            turned = (len(values) - np.append(starts[1:], len(values)))[::-1]
            found = values[::-1][_known(values[::-1], turned)][::-1]
        case "high":
            found = np.fmax.reduceat(values, starts)
        case "low":
            found = np.fmin.reduceat(values, starts)
        case "split":
            found = np.multiply.reduceat(np.where(np.isnan(values), 1.0, values), starts)
        case _:
            is_known = np.isfinite(values)
            sums = np.add.reduceat(np.where(is_known, values, 0.0), starts)
            found = np.where(np.add.reduceat(is_known.astype(int), starts) > 0, sums, np.nan)
    return found


def _known(values: Floats, starts: Any) -> Any:  # noqa: ANN401  # row numbers
    """The first row from each of ``starts`` on that has a number; itself where none has."""
    import numpy as np

    rows = np.where(np.isnan(values), len(values), np.arange(len(values)))
    found = np.minimum.reduceat(rows, starts)
    return np.where(found < len(values), found, starts)
