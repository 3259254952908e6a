"""The notebook about Yahoo, with the cells that no other test runs, on the replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from tests.replay import Bar, Listing, Replay, sampled

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_from_yahoo.ipynb"


def round_the_clock(symbol: str, kind: str, zone: str) -> Listing:
    """A price that rises from October 2012 on; on weekdays only, but for crypto."""
    listing = Listing(symbol, zone=zone, kind=kind, exchange="CCC", opens=time(), closes=time())
    days = [date(2012, 10, 1) + timedelta(days=n) for n in range(152)]
    starts = [
        listing.session(day)[0] for day in days if kind == "CRYPTOCURRENCY" or day.weekday() < 5
    ]
    rising = ((at, 1.0 + n / 1000) for n, at in enumerate(starts))
    bars = tuple(Bar(at, price, 1.2, 0.9, price + 0.001, 0) for at, price in rising)
    return replace(listing, days=bars)


@pytest.fixture
def kernel(replay: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A kernel for which now is the evening of 1 March 2013, and Yahoo is the replay."""
    replay.add(sampled("MSFT"))
    replay.add(replace(sampled("IBM"), symbol="^GSPC", kind="INDEX", exchange="SNP"))
    replay.add(round_the_clock("BTC-USD", "CRYPTOCURRENCY", "UTC"))
    replay.add(round_the_clock("EURUSD=X", "CURRENCY", "Europe/London"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("ML4T_DATA_AS_OF", "2013-03-01")
    monkeypatch.setenv("ML4T_DATA_YAHOO_PER_MINUTE", "1000000")
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.context.destroy(linger=0)


def test_the_cells_that_ask_yahoo_run(kernel: BlockingKernelClient, replay: Replay) -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    said: dict[str, str] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        words: list[str] = []

        def take(message: dict[str, Any], words: list[str] = words) -> None:
            content = message["content"]
            words.append(content.get("data", {}).get("text/plain", ""))

        reply = kernel.execute_interactive("".join(cell["source"]), output_hook=take, timeout=300)

        assert reply["content"]["status"] == "ok", (cell["id"], reply["content"])
        said[cell["id"]] = "\n".join(words)

    # 795 sessions from 2010-01-04 to 2013-03-01.
    assert "equities/daily/AAPL  ✅  +795" in said["load"]
    assert "indices/daily/^GSPC" in said["load-others"]
    assert "crypto/daily/BTC-USD" in said["load-others"]
    assert "fx/daily/EURUSD=X" in said["load-others"]
    # That of Apple is of 6 May 2010, when prices fell for minutes.
    assert "5 datasets: 4 healthy, 1 suspect\n" in said["health"]
    assert "low 199.25 is 18.2 % below" in said["health"]
    assert "equities/daily/MSFT" in said["continue"]
    assert replay.bars_asked
