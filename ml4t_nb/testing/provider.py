"""What every provider keeps to, as tests to subclass, and requests to ask one by hand."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ml4t_nb.calendars import calendar
from ml4t_nb.core.bars import COLUMNS, STAMPS, concat
from ml4t_nb.core.validation import reject_invalid
from ml4t_nb.errors import SymbolUnknown
from ml4t_nb.model import AssetClass, Basis, DatasetId, Frequency, Span, bar_length
from ml4t_nb.providers import Provider, Request, known

__all__ = ["ProviderContract", "request_for", "utc"]

_THREADS = 4


def utc(word: str) -> datetime:
    """The instant a word says; a bare date is at 00:00, one without a zone is UTC."""
    instant = datetime.fromisoformat(word)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def request_for(
    symbol: str,
    frequency: Frequency,
    start: str,
    end: str,
    *,
    as_of: str = "2013-03-02",
    at: str = "XNYS",
    asset_class: AssetClass = "equities",
) -> Request:
    """A request for the stamps from ``start`` on and before ``end``, on the calendar ``at``."""
    dataset = DatasetId(asset_class, frequency, symbol)
    return Request(dataset, Span(utc(start), utc(end)), utc(as_of), calendar(at))


class ProviderContract:
    """Subclass as ``TestX``, give the fixture ``provider`` and these attributes.

    Attributes
    ----------
    dataset
        One the provider serves.
    span, as_of
        A span of at least ten bars of it, final at that instant.
    empty_span
        A span in which it has no bars, such as one before all others.
    calendar_name
        The dataset's calendar.
    unknown
        A symbol it does not have; None if it takes any.
    """

    dataset: DatasetId
    span: Span
    as_of: datetime
    empty_span: Span
    calendar_name: str = "XNYS"
    unknown: str | None = None

    @pytest.fixture
    def provider(self) -> Provider:
        """The provider to be tested; as yours gives it."""
        pytest.fail("override this fixture with one that gives your provider", pytrace=False)

    @pytest.fixture
    def request_of_all(self) -> Request:
        """A request for the whole span."""
        return Request(self.dataset, self.span, self.as_of, calendar(self.calendar_name))

    def test_it_is_registered_under_its_name(self, provider: Provider) -> None:
        assert provider.name in known()

    def test_it_says_what_it_serves_in_one_line(self, provider: Provider) -> None:
        assert provider.summary
        assert "\n" not in provider.summary
        assert provider.basis in (None, *get_args(Basis))
        assert self.dataset.asset_class in provider.limits.asset_classes
        assert self.dataset.frequency in provider.limits.frequencies

    def test_what_it_knows_of_a_symbol_fits_what_it_serves(self, provider: Provider) -> None:
        instrument = provider.instrument(self.dataset.symbol)

        assert instrument.asset_class in (None, self.dataset.asset_class)
        assert instrument.calendar in (None, self.calendar_name)

    def test_an_answer_has_the_shape_of_bars(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        bars = provider.fetch(request_of_all).bars

        assert len(bars) >= 10
        assert tuple(bars.columns) == COLUMNS
        assert bars.index.dtype == STAMPS
        assert bars.index.name == "timestamp"
        assert set(bars.dtypes[:-1]) == {np.dtype("float64")}
        assert bars["filled"].dtype == np.dtype(bool)

    def test_a_provider_fills_nothing(self, provider: Provider, request_of_all: Request) -> None:
        assert not provider.fetch(request_of_all).bars["filled"].any()

    def test_sound_bars_pass_the_hard_rules(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        answer = provider.fetch(request_of_all)

        kept, findings = reject_invalid(answer.bars)

        assert findings == ()
        assert len(kept) == len(answer.bars)

    def test_stamps_are_in_the_span_and_on_the_calendar(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        stamps = provider.fetch(request_of_all).bars.index

        expected = request_of_all.calendar.stamps(self.span, self.dataset.frequency)
        assert stamps.min() >= pd.Timestamp(self.span.start)
        assert stamps.max() < pd.Timestamp(self.span.end)
        assert stamps.isin(expected).all()

    def test_no_bar_begins_after_the_as_of(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        assert (provider.fetch(request_of_all).bars.index <= pd.Timestamp(self.as_of)).all()

    def test_daily_and_weekly_stamps_are_dates(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        stamps = pd.DatetimeIndex(provider.fetch(request_of_all).bars.index)

        is_intraday = bar_length(self.dataset.frequency) is not None
        assert is_intraday or (stamps == stamps.normalize()).all()

    def test_asking_again_gives_the_same_bars(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        first = provider.fetch(request_of_all).bars

        assert_frame_equal(provider.fetch(request_of_all).bars, first)

    def test_changing_an_answer_does_not_change_the_next(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        answer = provider.fetch(request_of_all).bars
        before = answer.copy(deep=True)
        answer.loc[:, "close"] = -1.0

        assert_frame_equal(provider.fetch(request_of_all).bars, before)

    def test_a_span_in_two_parts_gives_what_the_whole_gives(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        whole = provider.fetch(request_of_all).bars
        middle = whole.index[len(whole) // 2].to_pydatetime()

        parts = [
            provider.fetch(replace(request_of_all, span=span)).bars
            for span in (Span(self.span.start, middle), Span(middle, self.span.end))
        ]

        assert_frame_equal(concat(parts), whole, check_freq=False)

    def test_no_bars_are_a_valid_answer(self, provider: Provider, request_of_all: Request) -> None:
        bars = provider.fetch(replace(request_of_all, span=self.empty_span)).bars

        assert bars.empty
        assert tuple(bars.columns) == COLUMNS
        assert bars.index.dtype == STAMPS

    def test_an_unknown_symbol_is_an_error_with_a_next_step(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        if self.unknown is None:
            dataset = replace(self.dataset, symbol="NOBODY-HAS-THIS")
            assert len(provider.fetch(replace(request_of_all, dataset=dataset)).bars)
            return
        dataset = replace(self.dataset, symbol=self.unknown)

        with pytest.raises(SymbolUnknown) as caught:
            provider.fetch(replace(request_of_all, dataset=dataset))

        assert caught.value.provider == provider.name
        assert self.unknown in caught.value.message
        assert caught.value.hint

    def test_it_can_be_sent_to_another_process(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        sent = pickle.loads(pickle.dumps(provider))  # noqa: S301  # our own bytes

        assert_frame_equal(sent.fetch(request_of_all).bars, provider.fetch(request_of_all).bars)

    def test_it_answers_several_threads_at_once(
        self, provider: Provider, request_of_all: Request
    ) -> None:
        with ThreadPoolExecutor(_THREADS) as pool:
            answers = list(pool.map(provider.fetch, [request_of_all] * _THREADS))

        for answer in answers[1:]:
            assert_frame_equal(answer.bars, answers[0].bars)
