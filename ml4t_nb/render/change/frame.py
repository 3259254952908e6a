"""Where the bars of a change are in its picture: rows across, values between two heights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml4t_nb.render.change.run_change import RunChange
from ml4t_nb.render.review.drawing import PlotScale

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]

__all__ = ["APART", "FLOOR", "TOP", "ChangeFrame", "are_apart", "before_rows", "frame_of"]

TOP, FLOOR = 30.0, 238.0
APART = 15.0
"""Between two words, one above the other."""

_RINGS = 60
_ODD = 1e-3


@dataclass(frozen=True, slots=True)
class ChangeFrame:
    """What is drawn where: rows across, in per cent, and values between two heights."""

    change: RunChange
    scale: PlotScale
    rows: list[int]

    def x(self, row: float) -> float:
        """The middle of a row."""
        return 100 * (row + 0.5) / len(self.change.stamps)


def frame_of(change: RunChange, *, columns: int) -> ChangeFrame:
    """With room for all values, on a log axis where a restatement moved them."""
    import numpy as np

    values = np.concatenate([change.was, change.now])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    is_log = change.is_restated and low > 0
    pad = (high - low) * 0.08 or abs(high) * 0.01 or 1.0
    room = max((high / low) ** 0.06, 1.01) if is_log else 1.0
    low, high = (low / room, high * room) if is_log else (low - pad, high + pad)
    return ChangeFrame(
        change, PlotScale(low, high, TOP, FLOOR, is_log), _shown_rows(change, columns)
    )


def _shown_rows(change: RunChange, columns: int) -> list[int]:
    """Of many bars those that a line needs: of each stretch the highest, the lowest, the oddest."""
    import numpy as np

    count = len(change.stamps)
    size = -(-count // columns)
    if count <= 2 * columns:
        return [*range(count)]
    usual = np.where(change.moved, change.factors, 1.0)
    weight = np.nan_to_num(np.abs(change.ratios / usual - 1), posinf=0.0) * change.any_changed
    ends = (np.flatnonzero(each) for each in (change.moved, change.earlier, change.any_changed))
    rows = {0, count - 1, *(int(row) for each in ends for row in each[[0, -1][: len(each)]])}
    for start in range(0, count, size):
        part = slice(start, start + size)
        now = np.nan_to_num(change.now[part])
        rows |= {start + int(now.argmax()), start + int(now.argmin())}
        oddest = start + int(weight[part].argmax())
        rows |= {oddest} if weight[oddest] > _ODD else set()
    rows.update(np.flatnonzero(change.odd | change.removed)[:_RINGS].tolist())
    return sorted(rows)


def before_rows(change: RunChange) -> Flags:
    """Where the line before is drawn: there was a bar, and it, or one beside it, is another now.

    That of a version is drawn whole.
    """
    import numpy as np

    if change.versions is not None:
        is_there: Flags = np.isfinite(change.was)
        return is_there
    if change.is_restated:
        shown = change.earlier | change.removed
    else:
        differs = change.changed | change.removed
        shown = differs.copy()
        shown[1:] |= differs[:-1]
        shown[:-1] |= differs[1:]
    is_drawn: Flags = shown & np.isfinite(change.was)
    return is_drawn


def are_apart(frame: ChangeFrame, row: int) -> bool:
    """Whether the bar's values before and now are so far apart that each has room for words."""
    was, now = float(frame.change.was[row]), float(frame.change.now[row])
    return not math.isfinite(now) or abs(frame.scale(was) - frame.scale(now)) > APART
