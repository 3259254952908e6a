"""What bars a frame is of, from what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml4t_nb.citations import Citation, citation_of
from ml4t_nb.errors import OptionError
from ml4t_nb.reading.origin import ATTRIBUTE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["cite"]


def cite(frame: pd.DataFrame) -> Citation:
    """Which versions a frame of `bars` was read from: to be printed beside a result.

    Its ``to_json()`` is what `check` compares with the store later.

    Raises
    ------
    OptionError
        If the frame does not say so: pandas drops ``attrs`` at some steps.

    Examples
    --------
    >>> frame = ml4t_nb.bars("AAPL")
    >>> print(ml4t_nb.cite(frame))
    """
    facts = getattr(frame, "attrs", {}).get(ATTRIBUTE)
    try:
        return citation_of(facts)
    except ValueError as error:
        raise OptionError(
            "the frame does not say which bars it is of",
            hint="cite what bars() returned, before it is joined or computed with",
        ) from error
