"""Of which zone stamps are that say none: named, kept, said, and held against the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ml4t_nb import verbs
from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import BarsInvalid, OptionError, SettingsInvalid
from ml4t_nb.model import Frequency
from ml4t_nb.providers import Answer
from ml4t_nb.providers.files.provider import FilesProvider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for
from ml4t_nb.workspace import Workspace

HEAD = "Date,Open,High,Low,Close,Volume"


def write(folder: Path, stamps: pd.DatetimeIndex, *, form: str = "%Y-%m-%d %H:%M") -> None:
    rows = "".join(
        f"{stamp:{form}},{n}.0,{n}.5,{n}.0,{n}.5,1\n" for n, stamp in enumerate(stamps, 100)
    )
    (folder / "ABC.csv").write_text(f"{HEAD}\n{rows}")


def fetch(
    folder: Path,
    *,
    at: str,
    frequency: Frequency = "hourly",
    zone: str | None = None,
    setting: str | None = None,
) -> Answer:
    request = request_for("ABC", frequency, "2023-12-01", "2025-01-01", as_of="2024-12-31", at=at)
    provider = FilesProvider(Settings(home=folder / "home", files=folder, files_zone=setting))
    return provider.fetch(replace(request, zone=zone))


def interbank(first: str, weeks: int) -> pd.DatetimeIndex:
    """All hours of interbank weeks, from Sunday 17:00 to Friday 17:00 in New York."""
    hours = [
        pd.date_range(sunday, periods=120, freq="h")
        for sunday in pd.date_range(f"{first} 17:00", periods=weeks, freq="7D")
    ]
    return pd.DatetimeIndex(pd.concat([pd.Series(each) for each in hours])).tz_localize(
        "America/New_York"
    )


def days_of(zone: str, *, opens: str, bars: int, first: str = "2024-01-08") -> pd.DatetimeIndex:
    """Half hours of two weeks of sessions."""
    days = pd.bdate_range(first, periods=10).drop("2024-01-15", errors="ignore")
    hours = [pd.date_range(f"{day:%Y-%m-%d} {opens}", periods=bars, freq="30min") for day in days]
    return pd.DatetimeIndex(pd.concat([pd.Series(each) for each in hours])).tz_localize(zone)


def written(instants: pd.DatetimeIndex, zone: str, ahead: str = "0h") -> pd.DatetimeIndex:
    return instants.tz_convert(zone).tz_localize(None) + pd.Timedelta(ahead)


def test_a_server_s_hours_that_are_named_are_read_by_it(tmp_path: Path) -> None:
    write(tmp_path, pd.date_range("2024-03-13", periods=24, freq="h"))

    answer = fetch(tmp_path, at="fx", zone="Europe/Athens")

    assert answer.bars.index[0] == pd.Timestamp("2024-03-12 22:00", tz="UTC")
    assert answer.bars.index[-1] == pd.Timestamp("2024-03-13 21:00", tz="UTC")
    assert answer.zone == "Europe/Athens"


def test_a_server_that_follows_new_york_is_named_by_new_york_and_hours(tmp_path: Path) -> None:
    # New York's clocks were set forward on 10 March, those of Athens on the 31st.
    write(tmp_path, pd.date_range("2024-03-13", periods=24, freq="h"))

    answer = fetch(tmp_path, at="fx", zone="America/New_York+07:00")

    assert answer.bars.index[0] == pd.Timestamp("2024-03-12 21:00", tz="UTC")


@pytest.mark.parametrize(
    ("setting", "first", "zone", "why"),
    [
        (None, "04:00", "America/New_York", "as fx says"),
        ("UTC", "00:00", "UTC", "as ML4T_DATA_FILES_ZONE says"),
    ],
)
def test_what_is_assumed_is_said(
    tmp_path: Path, setting: str | None, first: str, zone: str, why: str
) -> None:
    write(tmp_path, pd.date_range("2024-03-13", periods=24, freq="h"))

    answer = fetch(tmp_path, at="fx", setting=setting)

    assert f"{answer.bars.index[0]:%H:%M}" == first
    assert answer.notes == (f"ABC.csv: stamps without a zone, read as {zone} time, {why}",)
    assert answer.zone == zone


@pytest.mark.parametrize(
    ("zone", "ahead", "names"),
    [
        ("UTC", "0h", "UTC"),
        ("Europe/Athens", "0h", "Europe/Athens"),
        ("America/New_York", "7h", "America/New_York+07:00"),
        ("Asia/Tokyo", "0h", "Asia/Tokyo"),
    ],
)
@pytest.mark.parametrize("first", ["2024-01-07", "2024-03-10", "2024-07-07"])
def test_weeks_of_fx_that_cannot_be_new_york_s_are_refused_with_the_zone_that_fits(
    tmp_path: Path, zone: str, ahead: str, names: str, first: str
) -> None:
    write(tmp_path, written(interbank(first, 3), zone, ahead))

    with pytest.raises(BarsInvalid, match="do not fit America/New_York time") as caught:
        fetch(tmp_path, at="fx")

    assert names in caught.value.message.split("they fit")[1]


def test_weeks_of_fx_that_begin_late_are_refused(tmp_path: Path) -> None:
    hours = interbank("2024-01-07", 4)
    # None of the last hours of a week, so that none lies after its end.
    early = hours[~((hours.day_of_week == 4) & (hours.hour >= 8))]
    write(tmp_path, written(early, "UTC"))

    with pytest.raises(BarsInvalid, match=r"3 weeks begin late; they fit UTC"):
        fetch(tmp_path, at="fx")


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Athens", "America/Chicago", "Asia/Tokyo"])
def test_bars_before_the_open_every_day_are_refused_with_the_zone_that_fits(
    tmp_path: Path, zone: str, form: str
) -> None:
    sessions = days_of("America/New_York", opens="09:30", bars=13)
    write(tmp_path, written(sessions, zone), form=form)

    with pytest.raises(BarsInvalid, match="do not fit America/New_York time") as caught:
        fetch(tmp_path, at="XNYS", frequency="30m")

    assert zone in caught.value.message.split("they fit")[1]
    assert "--zone" in caught.value.hint
    # What the error says, done.
    bars = fetch(tmp_path, at="XNYS", frequency="30m", zone=zone).bars
    assert list(bars.index) == list(sessions.tz_convert("UTC"))


def test_a_setting_that_cannot_be_is_refused_too(tmp_path: Path) -> None:
    sessions = days_of("America/New_York", opens="09:30", bars=13)
    write(tmp_path, written(sessions, "America/New_York"))

    with pytest.raises(BarsInvalid, match=r"do not fit UTC time.*fit America/New_York\n"):
        fetch(tmp_path, at="XNYS", frequency="30m", setting="UTC")


@pytest.mark.parametrize(
    ("at", "zone", "opens", "bars"),
    [
        ("XNYS", "America/New_York", "04:00", 32),  # before the open and after the close, too
        ("XNYS", "America/New_York", "09:00", 14),  # on the hour before the open
        ("XNYS", "America/New_York", "12:00", 6),
        ("XTKS", "Asia/Tokyo", "09:00", 12),  # through the lunch break
        ("XLON", "Europe/London", "08:00", 17),
        ("24/7", "UTC", "00:00", 48),
    ],
)
def test_what_may_be_the_exchange_s_time_is_taken_for_it(
    tmp_path: Path, at: str, zone: str, opens: str, bars: int
) -> None:
    sessions = days_of(zone, opens=opens, bars=bars)
    write(tmp_path, written(sessions, zone))

    assert list(fetch(tmp_path, at=at, frequency="30m").bars.index) == list(
        sessions.tz_convert("UTC")
    )


def test_stamps_with_a_zone_need_none_and_contradict_another(tmp_path: Path) -> None:
    hours = pd.date_range("2024-03-13", periods=24, freq="h", tz="UTC")
    write(tmp_path, hours, form="%Y-%m-%dT%H:%M+00:00")

    assert fetch(tmp_path, at="fx", setting="Europe/Athens").notes == ()
    assert fetch(tmp_path, at="fx", zone="UTC").zone is None
    with pytest.raises(BarsInvalid, match=r"line 2: .*not this time in Europe/Athens") as caught:
        fetch(tmp_path, at="fx", zone="Europe/Athens")
    assert "leave out --zone" in caught.value.hint


def test_dates_have_no_zone(tmp_path: Path) -> None:
    write(tmp_path, pd.bdate_range("2024-03-11", periods=5), form="%Y-%m-%d")

    assert len(fetch(tmp_path, at="fx", frequency="daily", setting="Europe/Athens").bars) == 5
    with pytest.raises(BarsInvalid, match=r"ABC\.csv holds dates, which have no time zone"):
        fetch(tmp_path, at="fx", frequency="daily", zone="Europe/Athens")


def test_days_that_begin_in_a_named_zone_are_dated_where_the_exchange_is(tmp_path: Path) -> None:
    # Midnight in Tokyo, in the time of UTC.
    days = pd.bdate_range("2024-03-11", periods=5, tz="Asia/Tokyo")
    write(tmp_path, written(days, "UTC"))

    bars = fetch(tmp_path, at="XTKS", frequency="daily", zone="UTC").bars

    assert [f"{stamp:%d}" for stamp in bars.index] == ["11", "12", "13", "14", "15"]


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    write(tmp_path, pd.date_range("2024-03-13", periods=24, freq="h"))
    return with_setting(tmp_path, None)


def with_setting(folder: Path, zone: str | None) -> Workspace:
    settings = Settings(home=folder / "home", files=folder, provider="files", files_zone=zone)
    return Workspace(settings, clock=lambda: datetime(2024, 3, 18, 12, tzinfo=UTC))


def first_stored(ws: Workspace) -> str:
    return f"{verbs.bars(ws, 'ABC').index[0]:%d %H:%M}"


def test_the_zone_of_a_load_is_kept_with_the_dataset(ws: Workspace, tmp_path: Path) -> None:
    verbs.load(ws, "ABC", asset_class="fx", frequency="hourly", zone="europe/athens")
    assert first_stored(ws) == "12 22:00"

    for setting in (None, "UTC"):
        (done,) = verbs.update(with_setting(tmp_path, setting), "ABC").results
        assert (done.record.outcome, done.record.verdict) == ("unchanged", "same")
        assert done.record.notes == ("ABC.csv: stamps without a zone, read as Europe/Athens time",)
    (done,) = verbs.load(ws, "ABC", asset_class="fx", frequency="hourly", zone="UTC").results
    assert done.record.error is not None
    assert "was loaded with stamps in Europe/Athens time" in done.record.error.message


def test_the_setting_of_a_load_is_kept_with_the_dataset(ws: Workspace, tmp_path: Path) -> None:
    athens = with_setting(tmp_path, "Europe/Athens")
    verbs.load(athens, "ABC", asset_class="fx", frequency="hourly")

    (done,) = verbs.update(ws, "ABC").results

    assert done.record.verdict == "same"
    assert first_stored(ws) == "12 22:00"


def test_a_damaged_dataset_is_loaded_again_by_the_same_zone(ws: Workspace, tmp_path: Path) -> None:
    verbs.load(ws, "ABC", asset_class="fx", frequency="hourly", zone="Europe/Athens")
    (chunk,) = (tmp_path / "home" / "data").rglob("*.parquet")
    chunk.unlink()

    (judged,) = verbs.health(ws).datasets

    said = spell(judged.step, "ml4t-data")
    assert "-p files --start 2024-03-12 --zone Europe/Athens" in said


def test_a_provider_that_shows_its_zone_takes_none(ws: Workspace) -> None:
    (done,) = verbs.load(ws, "IBM", provider="sample", zone="UTC", as_of="2010-01-04").results

    assert done.record.error is not None
    assert done.record.error.message == "sample reports the time zone of its bars itself"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Europe/Athen", "did you mean 'Europe/Athens'?"),
        ("Mars", "write an IANA name, such as Europe/Athens or UTC"),
        ("", None),
        ("America/New_York+99", None),
        ("../UTC", None),
    ],
)
def test_what_is_not_a_zone_is_refused(ws: Workspace, word: str, hint: str | None) -> None:
    with pytest.raises(OptionError, match="--zone") as caught:
        verbs.load(ws, "ABC", zone=word)

    assert hint is None or caught.value.hint == hint
    with pytest.raises(SettingsInvalid, match="ML4T_DATA_FILES_ZONE"):
        Settings.read({"ML4T_DATA_FILES_ZONE": word}, folder=Path("/nowhere"))
