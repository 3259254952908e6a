"""What asking Yahoo does to the process it happens in."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ml4t_nb.errors import ProviderUnavailable
from ml4t_nb.providers import open_provider
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for
from tests.replay import Fault, Replay

WEEK = request_for("AAPL", "daily", "2012-08-06", "2012-08-11")

ASKING = """
import json, pathlib, sys, time
from datetime import UTC, datetime
from ml4t_nb.calendars import calendar
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.providers import Request
from ml4t_nb.providers.yahoo.provider import YahooProvider
from ml4t_nb.settings import Settings

provider = YahooProvider(Settings(home=pathlib.Path(sys.argv[1]), log_level=sys.argv[2]))
span = Span(datetime(2012, 8, 6, tzinfo=UTC), datetime(2012, 8, 11, tzinfo=UTC))
request = Request(DatasetId("equities", "daily", "AAPL"), span, span.end, calendar("XNYS"))
import yfinance
seconds = []
for _ in range(2):
    began = time.perf_counter()
    rows = len(provider.fetch(request).bars)
    seconds.append(time.perf_counter() - began)
print(json.dumps({"rows": rows, "seconds": seconds}))
"""


def run(program: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_cookie_host_that_hangs_is_waited_for_once(replay: Replay, tmp_path: Path) -> None:
    replay.faults.append(Fault("hang", match=r"^(fc|guce)\.yahoo\.com", times=-1, seconds=60))

    done = run(ASKING, str(tmp_path), "WARNING", **replay.environ)

    told = json.loads(done.stdout)
    assert told["rows"] == 5
    assert told["seconds"][0] < 20
    assert told["seconds"][1] < 3
    assert len([each for each in replay.asked if each.startswith(("fc.", "guce."))]) == 2
    assert done.stderr == ""


def test_a_second_process_needs_no_cookie(replay: Replay, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    run(ASKING, home, "WARNING", **replay.environ)
    replay.asked.clear()

    run(ASKING, home, "WARNING", XDG_CACHE_HOME=str(tmp_path / "elsewhere"), **replay.environ)

    assert [each.partition("?")[0] for each in replay.asked] == [
        "query1.finance.yahoo.com/v1/test/getcrumb",
        "query2.finance.yahoo.com/v8/finance/chart/AAPL",
        "query2.finance.yahoo.com/v8/finance/chart/AAPL",
    ]
    assert not (tmp_path / "elsewhere").exists()


def test_opening_the_provider_imports_no_yfinance(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from ml4t_nb.providers import open_provider\n"
        "from ml4t_nb.settings import Settings\n"
        "open_provider('yahoo', Settings(home=pathlib.Path(sys.argv[1]))).limits\n"
        "print([name for name in ('yfinance', 'curl_cffi', 'tenacity') if name in sys.modules])\n"
    )

    assert run(program, str(tmp_path)).stdout == "[]\n"


def test_many_threads_ask_at_once(replay: Replay, yahoo: YahooProvider) -> None:
    requests = [
        request_for(symbol, frequency, start, "2012-08-11")
        for start in ("2012-07-02", "2012-08-06")
        for frequency in ("daily", "weekly")
        for symbol in ("AAPL", "IBM", "FB")
    ] * 2

    with ThreadPoolExecutor(8) as pool:
        answers = [each.bars for each in pool.map(yahoo.fetch, requests)]

    alone = [yahoo.fetch(request).bars for request in requests]
    assert all(many.equals(one) for many, one in zip(answers, alone, strict=True))
    assert len(replay.asked) < 5 * len(requests)


def test_a_reply_that_yfinance_kept_for_another_thread_is_requested_again(
    replay: Replay, yahoo: YahooProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yfinance.data import YfData

    first = yahoo.fetch(WEEK)
    sent = len(replay.asked)
    clear = YfData.cache_get.cache_clear
    calls: list[int] = []

    def too_late() -> None:
        calls.append(1)
        # As if the other thread's reply was kept just after this one emptied the cache.
        if len(calls) > 1:
            clear()

    monkeypatch.setattr(YfData.cache_get, "cache_clear", too_late)
    again = yahoo.fetch(WEEK)

    assert again.bars.equals(first.bars)
    assert len(calls) == 2
    assert len(replay.asked) == sent + 1


def test_the_users_own_yfinance_is_left_as_it_was(replay: Replay, yahoo: YahooProvider) -> None:
    import yfinance

    yfinance.config.network.retries = 3
    replay.faults.append(Fault("html"))
    with pytest.raises(ProviderUnavailable):
        yahoo.fetch(WEEK)
    yahoo.fetch(WEEK)

    assert yfinance.config.debug.hide_exceptions is True
    assert yfinance.config.network.retries == 3
    yfinance.config.network.retries = 0
    theirs = yfinance.Ticker("IBM").history(start="2012-08-06", end="2012-08-11")
    assert len(theirs) == 5


def test_yfinance_is_silent_unless_debugging(
    replay: Replay, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for level in ("INFO", "DEBUG"):
        settings = Settings(home=tmp_path, log_level=level, yahoo_per_minute=1_000_000)
        caplog.clear()
        YahooProvider(settings).fetch(WEEK)

        logged = [record for record in caplog.records if record.name == "yfinance"]
        assert bool(logged) is (level == "DEBUG")
    assert replay.bars_asked == 2


def test_no_warning_escapes(replay: Replay, yahoo: YahooProvider) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yahoo.fetch(WEEK)
        yahoo.fetch(request_for("AAPL", "weekly", "2005-01-03", "2005-08-11"))

    assert [str(each.message) for each in caught] == []
    assert replay.bars_asked == 2


def test_requests_beyond_the_budget_wait(replay: Replay, tmp_path: Path) -> None:
    yahoo = open_provider("yahoo", Settings(home=tmp_path, yahoo_per_minute=600.0))
    assert yahoo.limits.requests_per_minute == 600
    began = time.perf_counter()

    for _ in range(15):
        yahoo.instrument("AAPL")

    # Ten are free, the others come at ten a second.
    assert time.perf_counter() - began > 0.4
    assert len(replay.asked) == 15


def test_no_thread_is_left_behind(replay: Replay, yahoo: YahooProvider) -> None:
    replay.faults.append(Fault("hang"))
    before = threading.active_count()

    with pytest.raises(ProviderUnavailable):
        yahoo.fetch(WEEK)

    # The replay's own thread for the connection that hung.
    assert threading.active_count() <= before + 1
