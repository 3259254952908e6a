"""Weeks by whatever day they are dated, and files of other frequencies than was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import BarsInvalid, SettingsInvalid
from ml4t_nb.model import Frequency, WeekDating
from ml4t_nb.providers import Answer
from ml4t_nb.providers.files.provider import FilesProvider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for
from ml4t_nb.workspace import Workspace

HEAD = "Date,Open,High,Low,Close,Volume"
WEEK = timedelta(days=7)


def dates(first: str, number: int, step: timedelta = WEEK) -> list[str]:
    return [str(date.fromisoformat(first) + step * n) for n in range(number)]


def write(folder: Path, stamps: Sequence[str], head: str = HEAD, tail: str = "") -> None:
    rows = "".join(f"{each},{n},{n}.5,{n},{n}.5,{n}00{tail}\n" for n, each in enumerate(stamps, 10))
    (folder / "ABC.csv").write_text(f"{head}\n{rows}")


def fetch(
    folder: Path,
    *,
    at: str = "XNYS",
    frequency: Frequency = "weekly",
    dating: WeekDating | None = None,
    as_of: str = "2024-12-31",
) -> Answer:
    request = request_for("ABC", frequency, "2023-01-01", "2024-12-31", as_of=as_of, at=at)
    return FilesProvider(Settings(home=folder / "home", files=folder, files_weeks=dating)).fetch(
        request
    )


def mondays(answer: Answer) -> list[str]:
    return [f"{stamp:%m-%d}" for stamp in answer.bars.index]


@pytest.mark.parametrize(
    "stamps",
    [
        dates("2024-01-08", 4),  # Mondays; the 15th was a holiday
        ["2024-01-08", "2024-01-16", "2024-01-22", "2024-01-29"],  # the first session
        dates("2024-01-12", 4),  # Fridays
        dates("2024-01-13", 4),  # week ending Saturday
        [f"{each}T00:00:00-05:00" for each in dates("2024-01-08", 4)],
        ["1704672000", "1705276800", "1705881600", "1706486400"],  # Monday 00:00 UTC
    ],
)
def test_a_week_is_stamped_by_its_monday_whichever_day_it_is_dated(
    tmp_path: Path, stamps: list[str]
) -> None:
    write(tmp_path, stamps)

    answer = fetch(tmp_path)

    assert mondays(answer) == ["01-08", "01-15", "01-22", "01-29"]
    assert answer.bars["close"].tolist() == [10.5, 11.5, 12.5, 13.5]


def test_weeks_dated_by_their_last_session_have_a_thursday_before_good_friday(
    tmp_path: Path,
) -> None:
    write(tmp_path, ["2024-03-15", "2024-03-22", "2024-03-28", "2024-04-05"])

    assert mondays(fetch(tmp_path)) == ["03-11", "03-18", "03-25", "04-01"]


def test_weeks_dated_on_sundays_are_refused_until_it_is_reported_which_they_are(
    tmp_path: Path,
) -> None:
    write(tmp_path, dates("2024-01-07", 4))

    with pytest.raises(BarsInvalid, match="dated on Sundays, which may begin or end") as caught:
        fetch(tmp_path)

    assert caught.value.hint == "set ML4T_DATA_FILES_WEEKS to begin or to end"
    begun, ended = fetch(tmp_path, dating="begin"), fetch(tmp_path, dating="end")
    assert mondays(begun) == ["01-08", "01-15", "01-22", "01-29"]
    assert mondays(ended) == ["01-01", "01-08", "01-15", "01-22"]
    assert begun.notes == ("ABC.csv: weeks are dated on the Sunday that begins them",)


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>", ",0,2"),
        ("Date,Price,Open,High,Low,Vol.", ""),
    ],
)
def test_the_sundays_of_known_programs_begin_their_weeks(
    tmp_path: Path, head: str, tail: str
) -> None:
    stamps = [each.replace("-", "." if tail else "-") for each in dates("2024-01-07", 4)]
    write(tmp_path, stamps, head, tail)

    assert mondays(fetch(tmp_path)) == ["01-08", "01-15", "01-22", "01-29"]


@pytest.mark.parametrize(
    ("stamps", "at", "days"),
    [
        (["1704326400", "1704931200", "1705536000", "1706140800"], "24/7", "Thursdays"),
        (dates("2024-01-04", 5), "XNYS", "Thursdays"),
        (dates("2024-01-03", 5), "XNYS", "Wednesdays"),
        (dates("2024-01-05", 5), "24/7", "Fridays"),
        (["2024-01-08", "2024-01-16", "2024-01-24", "2024-02-01"], "24/7", "Mondays and Tuesdays"),
    ],
)
def test_rows_that_are_not_weeks_from_monday_to_sunday_are_refused(
    tmp_path: Path, stamps: list[str], at: str, days: str
) -> None:
    write(tmp_path, stamps)

    with pytest.raises(
        BarsInvalid, match=f"dated on {days}.*do not form weeks from Monday to Sunday"
    ):
        fetch(tmp_path, at=at)


def test_weeks_of_the_whole_round_end_on_sunday_or_begin_on_monday(tmp_path: Path) -> None:
    write(tmp_path, dates("2024-01-07", 4))

    assert mondays(fetch(tmp_path, at="24/7", dating="end")) == ["01-01", "01-08", "01-15", "01-22"]
    with pytest.raises(BarsInvalid, match="do not form weeks from Monday to Sunday"):
        fetch(tmp_path, at="24/7", dating="begin")
    write(tmp_path, dates("2024-01-01", 4))
    assert mondays(fetch(tmp_path, at="24/7")) == ["01-01", "01-08", "01-15", "01-22"]


@pytest.mark.parametrize(
    "stamps",
    [
        [f"2023-{month:02}-01" for month in range(1, 12)],
        ["2023-01-31", "2023-02-28", "2023-03-31"],
        ["2023-01-02", "2023-04-03", "2023-07-03", "2023-10-02"],
        [*[f"2023-{month:02}-01" for month in range(1, 12)], "2023-11-06"],
    ],
)
@pytest.mark.parametrize("frequency", ["weekly", "daily"])
def test_months_and_quarters_are_not_weeks_and_not_days(
    tmp_path: Path, stamps: list[str], frequency: Frequency
) -> None:
    write(tmp_path, stamps if frequency == "weekly" else [*stamps, "2024-02-29", "2024-03-29"])

    with pytest.raises(BarsInvalid, match=f"has no {frequency} bars"):
        fetch(tmp_path, frequency=frequency)


def test_a_last_row_of_a_week_that_had_only_begun_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, [*dates("2024-01-08", 4), "2024-02-07"])

    answer = fetch(tmp_path)

    assert mondays(answer) == ["01-08", "01-15", "01-22", "01-29"]
    assert answer.notes == (
        "ABC.csv: the row of 2024-02-07 is left out, as its week is unfinished",
    )


def test_two_rows_of_one_week_are_refused(tmp_path: Path) -> None:
    write(tmp_path, [*dates("2024-01-12", 4), "2024-02-09", "2024-02-10"])

    with pytest.raises(BarsInvalid, match="2024-02-09 and 2024-02-10 are in the same week"):
        fetch(tmp_path)


@pytest.mark.parametrize(
    ("stamps", "frequency"),
    [
        (dates("2024-01-08", 8), "daily"),
        ([*dates("2024-01-08", 8), "2024-02-28"], "daily"),
        ([f"2024-01-{day:02}" for day in (8, 9, 10, 11, 12)], "hourly"),
        ([f"2024-01-08 {hour}:00" for hour in (10, 11, 12, 13, 14, 15)], "15m"),
        ([*[f"2024-01-08 {hour}:00" for hour in (10, 11, 12, 13, 14, 15)], "2024-01-08 15:37"],
         "15m"),
        ([f"2024-01-08 10:{minute:02}" for minute in range(5)], "daily"),
    ],
)  # fmt: skip
def test_files_of_another_frequency_are_refused(
    tmp_path: Path, stamps: list[str], frequency: Frequency
) -> None:
    # All rows alike: a day of minutes must not pass for one bar.
    rows = "".join(f"{each},1,1,1,1,1\n" for each in stamps)
    (tmp_path / "ABC.csv").write_text(f"{HEAD}\n{rows}")

    with pytest.raises(BarsInvalid) as caught:
        fetch(tmp_path, frequency=frequency)

    assert "--frequency" in caught.value.hint


def test_a_week_that_the_file_ends_within_is_not_stored_until_it_holds_the_rest(
    tmp_path: Path,
) -> None:
    days = [*dates("2024-01-08", 5, timedelta(days=1)), "2024-01-16", "2024-01-17"]
    write(tmp_path, days)
    settings = Settings(home=tmp_path / "home", files=tmp_path, provider="files")
    ws = Workspace(settings, clock=lambda: datetime(2024, 1, 20, 12, tzinfo=UTC))

    (done,) = verbs.load(ws, "ABC", frequency="weekly").results
    assert verbs.bars(ws, "ABC")["close"].tolist() == [14.5]
    assert done.record.notes == (
        "ABC.csv ends on 2024-01-17, within a week, which is not stored yet",
    )
    write(tmp_path, [*days, "2024-01-18", "2024-01-19"])
    verbs.update(ws, "ABC")

    assert verbs.bars(ws, "ABC")["close"].tolist() == [14.5, 18.5]


def test_the_setting_says_begin_or_end(tmp_path: Path) -> None:
    dating = Settings.read({"ML4T_DATA_FILES_WEEKS": "end"}, folder=tmp_path)

    assert dating.files_weeks == "end"
    with pytest.raises(SettingsInvalid, match="ML4T_DATA_FILES_WEEKS='sunday'"):
        Settings.read({"ML4T_DATA_FILES_WEEKS": "sunday"}, folder=tmp_path)
