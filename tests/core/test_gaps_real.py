"""Real bars have no gaps that nobody left in them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import as_instant, as_stamps
from ml4t_nb.core.gap_detection import StampMatch
from ml4t_nb.core.timestamps import TICK
from ml4t_nb.model import Span

MINUTES = Path(__file__).parent.parent / "replay" / "data" / "gspc_2019-11_1m.csv"


def test_four_days_of_real_minutes_have_no_gap_and_three_closing_prints() -> None:
    stamps = as_stamps(pd.to_datetime(pd.read_csv(MINUTES)["t"]))
    span = Span(as_instant(stamps[0]), as_instant(stamps[-1]) + TICK)

    expected = calendar("XNYS").stamps(span, "1m")

    assert StampMatch(stamps, expected).gaps == ()
    # The index's closing value is stamped at the close, where no minute begins.
    closing = [f"{stamp:%m-%d %H:%M}" for stamp in StampMatch(stamps, expected).extra]
    assert closing == ["11-05 21:00", "11-06 21:00", "11-07 21:00"]
