import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml4t_nb.commands.spelling import spell
from ml4t_nb.errors import ChunkCorrupt, StoreError, StoreOutdated
from ml4t_nb.finding import Decision, Finding
from ml4t_nb.model import DatasetConfig, DatasetId, FetchAttempt, Gap, SessionOverride, Span
from ml4t_nb.records import (
    Ended,
    ErrorNote,
    FormerName,
    Restatement,
    Revision,
    Source,
    UpdateRecord,
)
from ml4t_nb.storage.manifest import Chunk, LogFile, Manifest, Removal, summarize
from ml4t_nb.storage.manifest_file import (
    LONGEST_REMOVAL,
    OLDEST_READ,
    VERSION,
    decode_manifest,
    decode_removal,
    encode_manifest,
)

AAPL = DatasetId("equities", "daily", "AAPL")
PATH = "m.00000003.json"
D1 = datetime(2024, 1, 2, tzinfo=UTC)
D2 = datetime(2024, 1, 3, 14, 30, 0, 123456, tzinfo=UTC)
CHUNK = Chunk(
    *("2024-01-02.00000003.5f1c2a.parquet", 2, D1, D2, 4321, "xxh3:ffffffffffffffff", 1),
    constants=(("dividend", 0.0), ("split", 1.0)),
)
REJECTED = LogFile("rejected.00000001.5f1c2a.parquet", 3, 2100, "xxh3:0000000000000000")
REVISED = LogFile("revisions.00000002.5f1c2a.parquet", 40, 2345, "crc32:ffffffff")
RECORDS = LogFile("records.00000003.0a0b0c.jsonl", 10, 2600, "xxh3:0123456789abcdef")
FULL = Manifest(
    dataset=AAPL,
    sequence=3,
    config=DatasetConfig(
        *("sample", "XNYS", "split-adjusted", 0.1, "yearly", "lz4"),
        session_overrides=(
            SessionOverride("XNYS", date(2001, 9, 11)),
            SessionOverride("XNYS", date(2024, 1, 6), is_open=True),
        ),
    ),
    chunks=(CHUNK,),
    gaps=(
        Gap(D1, D2, 2),
        Gap(D2, D2, 1, "failed", attempts=1, asked=D1, error="timed out"),
        Gap(D1, D1, 1, "open", attempts=1, filled_by="forward"),
        Gap(D1, D1, 5, "confirmed", attempts=2),
    ),
    findings=(Finding(D1, "jump", 'close 10 → 99, "odd"'), Finding(None, "nan", "\ud800\n")),
    recent=(
        UpdateRecord(
            at=D1,
            verb="update",
            provider="sample",
            outcome="partial",
            added=5,
            seconds=0.1 + 0.2,
            verdict="restated",
            restatement=Restatement(2.0, ((D1, 2.0), (D2, 1 / 3)), kept=4),
            spans=(Span(D1, D2),),
            chunks_written=2,
            revisions=(Revision(D1, "close", 1e-300, 1.7976931348623157e308),),
            notes=("reaches 2024-01-02",),
            error=ErrorNote("RateLimited", "too many", "wait"),
        ),
        UpdateRecord(D2, "update", "sample", "failed", error=ErrorNote("E", "no network")),
    ),
    updated=D2,
    verified=None,
    fetch_log=(FetchAttempt(Span(D1, D2), D2, "sample", "failed", attempts=2, error="timed out"),),
    rejected=(REJECTED,),
    revisions=(REVISED, replace(REVISED, file="revisions.00000003.0a0b0c.parquet")),
    records=(RECORDS,),
)


def test_a_manifest_comes_back_exactly_from_its_file() -> None:
    assert decode_manifest(encode_manifest(FULL), AAPL, 3, PATH) == FULL


def test_a_manifest_is_always_written_the_same() -> None:
    again = decode_manifest(encode_manifest(FULL), AAPL, 3, PATH)

    assert encode_manifest(again) == encode_manifest(FULL)


def test_the_mark_of_a_removal_is_not_a_manifest() -> None:
    assert decode_manifest(encode_manifest(None), AAPL, 3, PATH) is None


def test_values_that_json_lacks_come_back() -> None:
    revisions = (Revision(D1, "close", nan, inf), Revision(D1, "open", -inf, -0.0))
    written = replace(FULL, recent=(replace(FULL.recent[0], revisions=revisions),))

    read = decode_manifest(encode_manifest(written), AAPL, 3, PATH)

    assert read is not None
    first, second = read.recent[0].revisions
    assert isnan(first.old)
    assert first.new == inf
    assert second.old == -inf
    assert str(second.new) == "-0.0"


def test_instants_are_written_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    written = replace(FULL, updated=datetime(2024, 1, 3, 9, tzinfo=tokyo))

    read = decode_manifest(encode_manifest(written), AAPL, 3, PATH)

    assert read is not None
    assert str(read.updated) == "2024-01-03 00:00:00+00:00"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        encode_manifest(replace(FULL, updated=datetime(2024, 1, 3)))  # noqa: DTZ001


def test_every_flipped_bit_is_noticed() -> None:
    content = encode_manifest(FULL)
    for place in range(len(content)):
        for bit in (1, 2, 4, 8, 16, 32, 64, 128):
            altered = bytearray(content)
            altered[place] ^= bit
            with pytest.raises(ChunkCorrupt):
                decode_manifest(bytes(altered), AAPL, 3, PATH)


def test_every_truncation_is_noticed() -> None:
    content = encode_manifest(FULL)
    for length in range(len(content)):
        with pytest.raises(ChunkCorrupt, match=r"m\.00000003\.json"):
            decode_manifest(content[:length], AAPL, 3, PATH)
    with pytest.raises(ChunkCorrupt):
        decode_manifest(content + b"\n", AAPL, 3, PATH)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise(content: bytes) -> None:
    with pytest.raises(ChunkCorrupt):
        decode_manifest(content, AAPL, 3, PATH)


def _sealed(version: int, body: object) -> bytes:
    """An envelope with a right checksum, as documented: SHA-256 of the version and the body."""
    text = json.dumps(body).encode()
    total = hashlib.sha256(f"{version} ".encode() + text).hexdigest()
    return f'{{"version":{version},"sha256":"{total}","manifest":'.encode() + text + b"}\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
)


@given(JSON.filter(lambda body: body is not None))
def test_sealed_nonsense_is_noticed(body: object) -> None:
    with pytest.raises(ChunkCorrupt):
        decode_manifest(_sealed(VERSION, body), AAPL, 3, PATH)


@given(JSON, st.data())
def test_a_sealed_manifest_with_one_wrong_field_is_noticed(
    value: object, data: st.DataObject
) -> None:
    body = json.loads(encode_manifest(FULL))["manifest"]
    name = data.draw(st.sampled_from([*body, "unheard_of"]))
    if body.get(name) == value or (name in ("updated", "verified") and value is None):
        return
    lists = ["gaps", "findings", "recent", "records", "chunks", "fetch_log", "rejected"]
    if name in (*lists, "revisions") and value == []:
        return
    body[name] = value
    with pytest.raises(ChunkCorrupt):
        decode_manifest(_sealed(VERSION, body), AAPL, 3, PATH)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where in a document there is a value, however deep."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(each for name, below in inner for each in places(below, (*path, name)))]


STRANGE = st.one_of(
    JSON,
    st.sampled_from(
        [
            10**400, -1, 2**63, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
            "2024-02-30", "2024-01-02T00:00:00", "", "nan", 1e308,
        ]
    ),
)  # fmt: skip


@given(STRANGE, st.sampled_from(places(json.loads(encode_manifest(FULL))["manifest"])[1:]))
def test_a_sealed_manifest_with_a_strange_value_anywhere_is_read_as_it_stands_or_noticed(
    value: object, place: tuple[str | int, ...]
) -> None:
    body = json.loads(encode_manifest(FULL))["manifest"]
    holder = body
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = value

    try:
        read = decode_manifest(_sealed(VERSION, body), AAPL, 3, PATH)
    except ChunkCorrupt:
        return
    assert read is not None
    assert (
        decode_manifest(encode_manifest(read), AAPL, 3, PATH) == read
        or "nan" in json.dumps(body).lower()
    )


@given(st.integers(1, 200_000))
def test_a_manifest_of_brackets_is_noticed(depth: int) -> None:
    text = b"[" * depth
    total = hashlib.sha256(b"%d " % VERSION + text).hexdigest().encode()
    with pytest.raises(ChunkCorrupt):
        decode_manifest(
            b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (VERSION, total, text), AAPL, 3, PATH
        )


def test_a_newer_programs_manifest_asks_for_an_upgrade() -> None:
    with pytest.raises(StoreError, match="newer") as caught:
        decode_manifest(_sealed(VERSION + 1, {"anything": 1}), AAPL, 3, PATH)

    assert not isinstance(caught.value, ChunkCorrupt)
    assert "upgrade" in caught.value.hint


@given(JSON.filter(lambda body: body is not None))
def test_an_earlier_versions_manifest_is_refused_whatever_it_says(body: object) -> None:
    with pytest.raises(StoreOutdated, match="earlier") as caught:
        decode_manifest(_sealed(OLDEST_READ - 1, body), AAPL, 3, PATH)

    assert caught.value.summary.dataset == AAPL
    assert "ml4t-data remove -s AAPL --yes" in spell(caught.value.advice, "ml4t-data")


def test_what_an_earlier_version_stored_is_counted_with_its_filled_bars() -> None:
    body = json.loads(encode_manifest(FULL))["manifest"]
    body["setup"] = body.pop("config")
    del body["setup"]["session_overrides"]
    (chunk,) = body["chunks"]
    del chunk["checksum"], chunk["constants"]
    chunk["crc"] = 1
    with pytest.raises(StoreOutdated) as caught:
        decode_manifest(_sealed(OLDEST_READ - 1, body), AAPL, 3, PATH)

    known = caught.value.summary
    assert (known.provider, known.calendar, known.period) == ("sample", "XNYS", "yearly")
    assert (known.rows, known.filled, known.bytes, known.chunks) == (2, 1, 4321, 1)
    assert (known.first, known.last, known.updated) == (D1, D2, D2)


def test_an_earlier_versions_mark_of_a_removal_is_one() -> None:
    assert decode_manifest(_sealed(OLDEST_READ - 1, None), AAPL, 3, PATH) is None


SECOND = replace(CHUNK, file="2024-01-03.00000002.0a0b0c.parquet", first=D2, last=D2, rows=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "chunks",
    [
        (replace(CHUNK, file="/etc/passwd"),),
        (replace(CHUNK, file="../2024-01-02.00000003.5f1c2a.parquet"),),
        (replace(CHUNK, file="2024-01-02.00000003.5f1c2a.parquet/../x"),),
        (replace(CHUNK, file="2024-01-02.00000003.5f1c2a.parquet\n"),),
        (replace(CHUNK, file="bars.parquet"),),
        (replace(CHUNK, file=""),),
        (replace(CHUNK, file="2024-01-03.00000003.5f1c2a.parquet"),),
        (replace(CHUNK, file="2024-01-02.00000004.5f1c2a.parquet"),),
        (replace(CHUNK, file="2024-01-02.00000000.5f1c2a.parquet"),),
        (CHUNK, CHUNK),
        (replace(CHUNK, last=D1 + HOUR), replace(CHUNK, last=D1 + HOUR)),
        (SECOND, CHUNK),
        (CHUNK, SECOND),
        (replace(CHUNK, rows=0, filled=0),),
        (replace(CHUNK, rows=-2, filled=-3),),
        (replace(CHUNK, rows=10**12),),
        (replace(CHUNK, bytes=0),),
        (replace(CHUNK, bytes=-1),),
        (replace(CHUNK, filled=3),),
        (replace(CHUNK, filled=-1),),
        (replace(CHUNK, checksum="xxh3:fffffffffffffff"),),
        (replace(CHUNK, checksum="md5:ffffffffffffffff"),),
        (replace(CHUNK, checksum="crc32:-0000001"),),
        (replace(CHUNK, constants=(("split", 1.0), ("split", 2.0))),),
        (replace(CHUNK, constants=(("dividend", inf),)),),
        (replace(CHUNK, last=D1 - HOUR),),
        (replace(CHUNK, last=D1),),
        (replace(CHUNK, rows=1),),
        (replace(CHUNK, bytes=10**15, rows=10**14),),
    ],
)
def test_a_sealed_manifest_whose_chunks_cannot_be_is_refused(chunks: tuple[Chunk, ...]) -> None:
    with pytest.raises(ChunkCorrupt, match="is inconsistent"):
        decode_manifest(encode_manifest(replace(FULL, chunks=chunks)), AAPL, 3, PATH)


@pytest.mark.parametrize(
    "file",
    [
        replace(REVISED, file="../revisions.00000002.5f1c2a.parquet"),
        replace(REVISED, file="revisions.00000002.5f1c2a.parquet\n"),
        replace(REVISED, file="lock"),
        replace(REVISED, file=CHUNK.file),
        replace(REVISED, file=REJECTED.file),
        replace(REVISED, file="revisions.00000004.5f1c2a.parquet"),
        replace(REVISED, file="revisions.00000000.5f1c2a.parquet"),
        replace(REVISED, rows=0),
        replace(REVISED, rows=10**12),
        replace(REVISED, bytes=0),
        replace(REVISED, checksum=""),
        replace(REVISED, checksum="crc32:100000000"),
        replace(REVISED, file=RECORDS.file),
        FULL.revisions[1],
    ],
)
def test_a_sealed_manifest_whose_logs_cannot_be_is_refused(file: LogFile) -> None:
    revisions = (file, FULL.revisions[1])
    with pytest.raises(ChunkCorrupt, match="is inconsistent"):
        decode_manifest(encode_manifest(replace(FULL, revisions=revisions)), AAPL, 3, PATH)


@pytest.mark.parametrize(
    "file",
    [
        replace(RECORDS, file="../records.00000002.5f1c2a.jsonl"),
        replace(RECORDS, file="records.00000002.5f1c2a.parquet"),
        replace(RECORDS, file="records.00000004.5f1c2a.jsonl"),
        replace(RECORDS, file=REVISED.file),
        replace(RECORDS, rows=0),
    ],
)
def test_a_sealed_manifest_whose_files_of_records_cannot_be_is_refused(file: LogFile) -> None:
    with pytest.raises(ChunkCorrupt, match="is inconsistent"):
        decode_manifest(encode_manifest(replace(FULL, records=(file,))), AAPL, 3, PATH)


def earlier(crc: int | str) -> dict[str, Any]:
    """What a manifest of version 3 had, by hand: all runs, and CRC-32 as a number."""
    body: dict[str, Any] = json.loads(encode_manifest(FULL))["manifest"]
    body["history"] = body.pop("recent")
    del body["records"]
    (chunk,) = body["chunks"]
    for name in ("checksum", "constants"):
        del chunk[name]
    chunk["crc"] = crc
    return body


@pytest.mark.parametrize(("crc", "words"), [(4294967295, "ffffffff"), (7, "00000007")])
def test_a_manifest_of_a_version_before_is_read_with_its_runs_and_checksums(
    crc: int, words: str
) -> None:
    body = earlier(crc)
    for name in ("rejected", "revisions"):
        del body[name]

    read = decode_manifest(_sealed(OLDEST_READ, body), AAPL, 3, PATH)

    chunk = replace(CHUNK, checksum=f"crc32:{words}", constants=())
    assert read == replace(FULL, chunks=(chunk,), rejected=(), revisions=(), records=())


@pytest.mark.parametrize("crc", [-1, 2**32, "1", None, 1.5])
def test_a_manifest_of_a_version_before_with_an_impossible_checksum_is_refused(crc: Any) -> None:  # noqa: ANN401
    body = earlier(crc)
    del body["rejected"], body["revisions"]
    with pytest.raises(ChunkCorrupt):
        decode_manifest(_sealed(OLDEST_READ, body), AAPL, 3, PATH)


@given(JSON.filter(lambda body: body is not None))
def test_sealed_nonsense_of_a_version_before_is_noticed(body: object) -> None:
    with pytest.raises(ChunkCorrupt):
        decode_manifest(_sealed(OLDEST_READ, body), AAPL, 3, PATH)


def test_chunks_that_follow_one_another_are_taken() -> None:
    before = replace(CHUNK, last=D1 + HOUR)
    after = replace(SECOND, filled=0)

    read = decode_manifest(encode_manifest(replace(FULL, chunks=(before, after))), AAPL, 3, PATH)

    assert read is not None
    assert (read.rows, read.first, read.last) == (3, D1, D2)


@pytest.mark.parametrize(
    ("dataset", "sequence"), [(DatasetId("equities", "daily", "MSFT"), 3), (AAPL, 4)]
)
def test_a_manifest_copied_to_another_place_is_noticed(dataset: DatasetId, sequence: int) -> None:
    with pytest.raises(ChunkCorrupt, match="by hand"):
        decode_manifest(encode_manifest(FULL), dataset, sequence, PATH)


def test_a_summary_says_the_manifest_in_one_row() -> None:
    row = summarize(FULL)

    assert (row.provider, row.calendar, row.period) == ("sample", "XNYS", "yearly")
    assert (row.rows, row.bytes, row.chunks, row.filled) == (2, 4321, 1, 1)
    assert (row.first, row.last, row.updated) == (D1, D2, D2)
    assert (row.gaps_open, row.missing) == (2, 3)
    assert (row.recent_errors, row.last_error) == (1, "no network")
    assert row.damage == ""


def test_of_many_spans_to_be_fetched_the_oldest_are_made_one() -> None:
    """Twenty-three hours of which every second half is missing; the first ones are lost first."""
    hours = [D1 + number * HOUR for number in range(23)]
    spans = [Span(each, each + HOUR / 2) for each in hours]
    log = tuple(FetchAttempt(each, D2, "sample", "failed") for each in spans)

    twenty = summarize(replace(FULL, gaps=(), fetch_log=log[:20])).pending
    more = summarize(replace(FULL, gaps=(), fetch_log=log)).pending

    assert twenty == tuple(spans[:20])
    assert more == (Span(hours[0], hours[3] + HOUR / 2), *spans[4:])


def test_runs_in_vain_count_whoever_was_asked_since_the_last_bars() -> None:
    run = UpdateRecord(D1, "update", "sample", "unchanged")
    failed = replace(run, at=D2, provider="other", outcome="failed")
    vain = (replace(run, added=1), run, replace(run, verb="gaps"), failed)

    assert summarize(replace(FULL, recent=vain)).tries == (D1, D2)
    assert summarize(replace(FULL, recent=(*vain, replace(failed, added=1)))).tries == ()


def test_only_failures_among_the_last_ten_runs_are_recent() -> None:
    good = UpdateRecord(D1, "update", "sample", "unchanged")
    bad = replace(good, outcome="failed", error=ErrorNote("E", "no network"))

    row = summarize(replace(FULL, recent=(bad, bad, *[good] * 9)))

    assert row.recent_errors == 1
    assert row.last_error == ""


def test_a_summary_counts_findings_to_be_decided_and_names_the_first() -> None:
    decision = Decision(D2, "review", "a real crash")
    findings = (
        Finding(D1, "extra", "no session"),
        Finding(D1, "spike", "decided", state="accepted", decision=decision),
        Finding(D1, "frozen", "better now", state="corrected"),
        Finding(D1, "nan", "no close"),
        Finding(D2, "spike", "close 10 times its neighbours"),
        Finding(D2, "partial", "a day short"),
    )

    row = summarize(replace(FULL, findings=findings))

    assert (row.suspect, row.finding) == (2, "2024-01-02 no close")
    assert summarize(replace(FULL, findings=findings[:3])).suspect == 0
    assert summarize(replace(FULL, findings=findings[:3])).finding == ""


def test_a_summary_counts_what_a_person_rejected_and_what_others_provided() -> None:
    gaps = (*FULL.gaps, Gap(D1, D1, 3, "rejected"), Gap(D2, D2, 1, "rejected"))
    sources = (Source(Span(D1, D2), "files"), Source(Span(D2, D2), "sample"))
    ended = Ended(date(2024, 1, 2), D2, "bought")
    names = (FormerName("FB", date(2022, 6, 8)),)
    whole = replace(FULL, gaps=gaps, sources=sources, ended=ended, former_names=names)

    row = summarize(replace(whole, config=replace(FULL.config, currency="GBp")))

    assert (row.gaps_open, row.missing) == (2, 3)
    assert (row.rejected, row.taken) == (4, 2)
    assert (row.ended, row.former_names, row.currency) == (ended, names, "GBp")


def test_a_decision_hides_no_failed_run() -> None:
    asked = (Span(D1, D2),)
    good = UpdateRecord(D1, "update", "sample", "unchanged")
    bad = replace(good, outcome="failed", error=ErrorNote("E", "no network"))
    decided = UpdateRecord(D2, "review", "sample", "changed")
    filled = replace(decided, verb="gaps")
    fetched = replace(filled, spans=asked)

    def row(*history: UpdateRecord) -> tuple[int, str]:
        summary = summarize(replace(FULL, recent=history))
        return summary.failed_requests, summary.last_error

    assert row(good, bad) == (1, "no network")
    assert row(good, bad, decided, filled) == (1, "no network")
    assert row(good, bad, fetched) == (1, "")
    assert row(bad, *[decided] * 20, bad) == (2, "no network")
    assert row(bad, bad, *[good] * 9) == (1, "")
    assert row(bad, bad, bad, *[good] * 10) == (0, "")


@pytest.mark.parametrize("symbol", ["", "META", "Ü" * 20, "Ü" * 200, "\U0001f4c8" * 60])
def test_the_mark_of_a_removal_is_known_by_its_size(symbol: str) -> None:
    """A new name that takes too much room is left out: its dataset has the former one."""
    mark = Removal(D2, D2 - timedelta(microseconds=1), "LONGEST_MIC", 123456.789, symbol)
    content = encode_manifest(mark)

    assert len(content) <= LONGEST_REMOVAL
    assert decode_manifest(content, AAPL, 3, PATH) is None
    found = decode_removal(content)
    assert found in (mark, replace(mark, renamed_to=""))
    assert (found == mark) == (len(symbol) <= 20)

    run = UpdateRecord(D1, "load", "x", "changed", version=1)
    chunk = Chunk("2024-01-02.00000001.5f1c2a.parquet", 1, D1, D1, 9, "crc32:00000000", 0)
    config = DatasetConfig("x", "fx", "as-traded", 0.0, "yearly", "lz4")
    smallest = replace(
        Manifest.empty(DatasetId("fx", "1m", "X"), config), chunks=(chunk,), recent=(run,)
    )
    assert len(encode_manifest(smallest)) > LONGEST_REMOVAL


@pytest.mark.parametrize(
    "body",
    [
        b'{"removed_at":null}',
        b'{"removed_at":"soon"}',
        b'{"removed_at":"2024-01-02T00:00:00+00:00","who":"me"}',
        b"[]",
        b"5",
    ],
)
def test_a_mark_of_a_removal_of_another_form_is_damaged(body: bytes) -> None:
    total = hashlib.sha256(b"%d " % VERSION + body).hexdigest().encode()
    content = b'{"version":%d,"sha256":"%s","manifest":%s}\n' % (VERSION, total, body)
    with pytest.raises(ValueError, match=r"\w"):
        decode_removal(content)
