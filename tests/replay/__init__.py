"""Yahoo's chart service played back on the loopback, for the real yfinance to talk to."""

from tests.replay.faults import Fault
from tests.replay.listings import Bar, Dividend, Listing, Split, index_of_minutes, sampled
from tests.replay.market import Market
from tests.replay.server import Replay

__all__ = [
    "Bar",
    "Dividend",
    "Fault",
    "Listing",
    "Market",
    "Replay",
    "Split",
    "index_of_minutes",
    "sampled",
]
