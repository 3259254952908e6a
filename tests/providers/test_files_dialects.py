"""Files as other programs write them, each with its stamps and prices by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml4t_nb.core.bars import Bars
from ml4t_nb.errors import BarsInvalid, ProviderUnavailable
from ml4t_nb.model import AssetClass, DatasetId, DateOrder, DecimalSign, Frequency
from ml4t_nb.providers import Request
from ml4t_nb.providers.files.dialects import DIALECTS
from ml4t_nb.providers.files.provider import FilesProvider
from ml4t_nb.settings import Settings
from ml4t_nb.testing import request_for, utc

HEAD = "Date,Open,High,Low,Close,Volume\n"


@dataclass(frozen=True)
class Sample:
    """A file and what is in it: stamps, then open, high, low, close and volume by row.

    Stamps are as they are stored: ``2024-01-02`` is that day at 00:00 UTC.
    """

    program: str
    content: str | bytes
    stamps: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    frequency: Frequency = "daily"
    asset_class: AssetClass = "equities"
    at: str = "XNYS"
    name: str = "ACME.csv"


ACME = (
    (20.95, 21.3, 20.9, 21.25, 1100200),
    (21.3, 21.4, 20.9, 21.05, 998100),
    (21.1, 21.8, 21.0, 21.5, 1204300),
)
THREE = ("2024-03-13", "2024-03-14", "2024-03-15")
COIN = (
    (62000.1, 62500.0, 61000.0, 62100.5, 1000.5),
    (62001.1, 62501.0, 61001.0, 62101.5, 1001.5),
)
TWO = ("2024-03-01", "2024-03-02")
EURO = ((1.091, 1.0999, 1.089, 1.092, 1011), (1.092, 1.0998, 1.0891, 1.0921, 1012))

SAMPLES = (
    Sample(
        "yfinance, three lines",
        "Price,Close,High,Low,Open,Volume\nTicker,ACME,ACME,ACME,ACME,ACME\nDate,,,,,\n"
        "2024-03-13,21.25,21.3,20.9,20.95,1100200\n2024-03-14,21.05,21.4,20.9,21.3,998100\n"
        "2024-03-15,21.5,21.8,21.0,21.1,1204300\n",
        THREE,
        ACME,
    ),
    Sample(
        "yfinance, two lines",
        "Price,Adj Close,Close,High,Low,Open,Volume\nTicker,ACME,ACME,ACME,ACME,ACME,ACME\n"
        "2024-03-13,9,21.25,21.3,20.9,20.95,1100200\n2024-03-14,9,21.05,21.4,20.9,21.3,998100\n"
        "2024-03-15,9,21.5,21.8,21.0,21.1,1204300\n",
        THREE,
        ACME,
    ),
    Sample(
        "yfinance, two lines after reset_index",
        "Date,Close,High,Low,Open,Volume\n,ACME,ACME,ACME,ACME,ACME\n"
        "2024-03-13,21.25,21.3,20.9,20.95,1100200\n2024-03-14,21.05,21.4,20.9,21.3,998100\n"
        "2024-03-15,21.5,21.8,21.0,21.1,1204300\n",
        THREE,
        ACME,
    ),
    Sample(
        "yfinance by symbol, intraday",
        "Ticker,ACME,ACME,ACME,ACME,ACME\nPrice,Open,High,Low,Close,Volume\nDatetime,,,,,\n"
        "2024-03-13 13:30:00+00:00,20.95,21.3,20.9,21.25,1100200\n"
        "2024-03-13 14:30:00+00:00,21.3,21.4,20.9,21.05,998100\n"
        "2024-03-13 15:30:00+00:00,21.1,21.8,21.0,21.5,1204300\n",
        ("2024-03-13T13:30", "2024-03-13T14:30", "2024-03-13T15:30"),
        ACME,
        frequency="hourly",
    ),
    Sample(
        "yfinance, history",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n"
        "2024-03-13 00:00:00-04:00,20.95,21.3,20.9,21.25,1100200,0.0,0.0\n"
        "2024-03-14 00:00:00-04:00,21.3,21.4,20.9,21.05,998100,0.0,0.0\n"
        "2024-03-15 00:00:00-04:00,21.1,21.8,21,21.5,1204300,0.0,0.0\n",
        THREE,
        ACME,
    ),
    Sample(
        "Nasdaq",
        "Date,Close/Last,Volume,Open,High,Low\n"
        '03/07/2024,"$1,021.50","1,204,300","$1,021.10","$1,021.80",$998.00\n'
        "03/06/2024,$998.05,998100,$999.30,$999.40,$990.90\n"
        '03/05/2024,"$1,000.25",N/A,$999.95,"$1,001.30",$999.90\n',
        ("2024-03-05", "2024-03-06", "2024-03-07"),
        (
            (999.95, 1001.3, 999.9, 1000.25, np.nan),
            (999.3, 999.4, 990.9, 998.05, 998100),
            (1021.1, 1021.8, 998, 1021.5, 1204300),
        ),
    ),
    Sample(
        "Stooq",
        "Date,Open,High,Low,Close,Volume\r\n2024-03-13,20.95,21.3,20.9,21.25,1100200\r\n"
        "2024-03-14,21.3,21.4,20.9,21.05,998100\r\n2024-03-15,21.1,21.8,21,21.5,1204300\r\n",
        THREE,
        ACME,
    ),
    Sample(
        "Stooq, ASCII",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "ACME.US,D,20240313,000000,20.95,21.3,20.9,21.25,1100200,0\n"
        "ACME.US,D,20240314,000000,21.3,21.4,20.9,21.05,998100,0\n"
        "ACME.US,D,20240315,000000,21.1,21.8,21,21.5,1204300,0\n",
        THREE,
        ACME,
    ),
    Sample(
        "Finam",
        "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>\n"
        "US1.ACME;60;20240313;100000;20.95;21.3;20.9;21.25;1100200\n"
        "US1.ACME;60;20240313;110000;21.3;21.4;20.9;21.05;998100\n"
        "US1.ACME;60;20240313;120000;21.1;21.8;21;21.5;1204300\n",
        # New York keeps summer time since 10 March.
        ("2024-03-13T14:00", "2024-03-13T15:00", "2024-03-13T16:00"),
        ACME,
        frequency="hourly",
    ),
    Sample(
        "MetaStock",
        "<TICKER>,<PER>,<DTYYYYMMDD>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
        "ACME,I,20240313,93000,20.95,21.3,20.9,21.25,1100200,0\n"
        "ACME,I,20240313,103000,21.3,21.4,20.9,21.05,998100,0\n"
        "ACME,I,20240313,113000,21.1,21.8,21,21.5,1204300,0\n",
        ("2024-03-13T13:30", "2024-03-13T14:30", "2024-03-13T15:30"),
        ACME,
        frequency="hourly",
    ),
    Sample(
        "MetaTrader 4",
        "2024.03.11,00:00,1.0910,1.0999,1.0890,1.0920,1011\n"
        "2024.03.12,00:00,1.0920,1.0998,1.0891,1.0921,1012\n",
        ("2024-03-11", "2024-03-12"),
        EURO,
        asset_class="fx",
        at="fx",
    ),
    Sample(
        "MetaTrader 5",
        (
            "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\r\n"
            "2024.03.11\t1.0910\t1.0999\t1.0890\t1.0920\t77\t1011\t2\r\n"
            "2024.03.12\t1.0920\t1.0998\t1.0891\t1.0921\t78\t1012\t2\r\n"
        ).encode("utf-16"),
        ("2024-03-11", "2024-03-12"),
        EURO,
        asset_class="fx",
        at="fx",
    ),
    Sample(
        "MetaTrader 5, intraday",
        "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
        "2024.03.13\t00:00:00\t1.0910\t1.0999\t1.0890\t1.0920\t77\t1011\t2\n"
        "2024.03.13\t01:00:00\t1.0920\t1.0998\t1.0891\t1.0921\t78\t1012\t2\n",
        ("2024-03-13T00:00", "2024-03-13T01:00"),
        EURO,
        frequency="hourly",
        asset_class="crypto",
        at="24/7",
    ),
    Sample(
        "Binance",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
        "taker_buy_quote_volume,ignore\n"
        "1709251200000,62000.1,62500.0,61000.0,62100.5,1000.5,1709337599999,6e7,100,500,3e7,0\n"
        "1709337600000,62001.1,62501.0,61001.0,62101.5,1001.5,1709423999999,6e7,100,500,3e7,0\n",
        TWO,
        COIN,
        asset_class="crypto",
        at="24/7",
    ),
    Sample(
        "Binance without a header",
        "1709251200000,62000.1,62500.0,61000.0,62100.5,1000.5,1709337599999,6.2e7,100,500,3e7,0\n"
        "1709337600000000,62001.1,62501.0,61001.0,62101.5,1001.5,1709423999999999,6e7,9,5,3e7,0\n",
        TWO,
        COIN,
        asset_class="crypto",
        at="24/7",
    ),
    Sample(
        "CryptoDataDownload",
        "https://www.CryptoDataDownload.com\n"
        "unix,date,symbol,open,high,low,close,Volume ACME,Volume USD\n"
        "1709337600,2024-03-02 00:00:00,ACME/USD,62001.1,62501.0,61001.0,62101.5,1001.5,6.2e7\n"
        "1709251200000,2024-03-01 00:00:00,ACME/USD,62000.1,62500,61000,62100.5,1000.5,6.2e7\n",
        TWO,
        COIN,
        asset_class="crypto",
        at="24/7",
        name="ACMEUSD.csv",
    ),
    Sample(
        "CryptoDataDownload, before 2020",
        "https://www.CryptoDataDownload.com\n"
        "Date,Symbol,Open,High,Low,Close,Volume ACME,Volume USD\n"
        "2024-03-01 01-PM,ACMEUSD,62001.1,62501.0,61001.0,62101.5,1001.5,6.2e7\n"
        "2024-03-01 12-PM,ACMEUSD,62000.1,62500,61000,62100.5,1000.5,6.2e7\n",
        ("2024-03-01T12:00", "2024-03-01T13:00"),
        COIN,
        frequency="hourly",
        asset_class="crypto",
        at="24/7",
        name="ACMEUSD.csv",
    ),
    Sample(
        "Kraken",
        "1709251200,62000.1,62500.0,61000.0,62100.5,1000.5,4242\n"
        "1709337600,62001.1,62501.0,61001.0,62101.5,1001.5,4243\n",
        TWO,
        COIN,
        asset_class="crypto",
        at="24/7",
    ),
    Sample(
        "Dukascopy",
        "Gmt time,Open,High,Low,Close,Volume\n"
        "01.03.2024 00:00:00.000,62000.1,62500,61000,62100.5,1000.5\n"
        "01.03.2024 01:00:00.000,62001.1,62501,61001,62101.5,1001.5\n",
        ("2024-03-01T00:00", "2024-03-01T01:00"),
        COIN,
        frequency="hourly",
        asset_class="fx",
        at="fx",
    ),
    Sample(
        "Alpha Vantage",
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
        "2024-03-15,21.1,21.8,21,21.5,9,1204300,0.0,1.0\n"
        "2024-03-14,21.3,21.4,20.9,21.05,9,998100,0.0,1.0\n"
        "2024-03-13,20.95,21.3,20.9,21.25,9,1100200,0.0,1.0\n",
        THREE,
        ACME,
    ),
    Sample(
        "Tiingo",
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,"
        "splitFactor\n"
        "2024-03-13T00:00:00.000Z,21.25,21.3,20.9,20.95,1100200,9,9,9,9,9,0.0,1.0\n"
        "2024-03-14T00:00:00.000Z,21.05,21.4,20.9,21.3,998100,9,9,9,9,9,0.0,1.0\n"
        "2024-03-15T00:00:00.000Z,21.5,21.8,21.0,21.1,1204300,9,9,9,9,9,0.0,1.0\n",
        THREE,
        ACME,
    ),
    Sample(
        "TradingView",
        "time,open,high,low,close,Volume,Volume MA,Plot,Plot\n"
        # 09:30 in New York.
        "1710336600,20.95,21.3,20.9,21.25,1100200,1,2,3\n"
        "1710423000,21.3,21.4,20.9,21.05,998100,1,2,3\n"
        "1710509400,21.1,21.8,21,21.5,1204300,1,2,3\n",
        THREE,
        ACME,
    ),
    Sample(
        "Barchart",
        '"Time","Open","High","Low","Latest","Change","%Change","Volume"\n'
        '"03/07/2024",21.1,21.8,21,21.5,"+0.45","+2.14%",1204300\n'
        '"03/06/2024",21.3,21.4,20.9,21.05,"-0.20","-0.94%",998100\n'
        '"03/05/2024",20.95,21.3,20.9,21.25,"+0.35","+1.67%",1100200\n'
        '"Downloaded from Barchart.com as of 03-08-2024 08:51am CST"\n',
        ("2024-03-05", "2024-03-06", "2024-03-07"),
        ACME,
    ),
    Sample(
        "WSJ",
        "Date, Open, High, Low, Close, Volume\n"
        "03/07/24, 21.1, 21.8, 21, 21.5, 1204300\n03/06/24, 21.3, 21.4, 20.9, 21.05, 998100\n"
        "03/05/24, 20.95, 21.3, 20.9, 21.25, 1100200\n",
        ("2024-03-05", "2024-03-06", "2024-03-07"),
        ACME,
    ),
    Sample(
        "Investing.com",
        '\ufeff"Date","Price","Open","High","Low","Vol.","Change %"\n'
        '"03/15/2024","1,021.50","1,021.10","1,021.80","998.00","1.20M","2.14%"\n'
        '"03/14/2024","998.05","999.30","999.40","990.90","998.1K","-0.94%"\n'
        '"03/13/2024","1,000.25","999.95","1,001.30","999.90","-","1.67%"\n',
        THREE,
        (
            (999.95, 1001.3, 999.9, 1000.25, np.nan),
            (999.3, 999.4, 990.9, 998.05, 998100),
            (1021.1, 1021.8, 998, 1021.5, 1200000),
        ),
    ),
    Sample(
        "Investing.com, German",
        '\ufeff"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"\n'
        '"07.03.2024","16.769,50","16.700,10","16.800,00","16.699,25","82,49M","0,41%"\n'
        '"06.03.2024","16.700,00","16.650,00","16.701,00","16.600,5","998K","-0,10%"\n',
        ("2024-03-06", "2024-03-07"),
        ((16650, 16701, 16600.5, 16700, 998000), (16700.1, 16800, 16699.25, 16769.5, 82490000)),
    ),
    Sample(
        "Nasdaq Data Link",
        "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,"
        "Adj. Close,Adj. Volume\n"
        "2024-03-13,20.95,21.3,20.9,21.25,1100200.0,0.0,1.0,9,9,9,9,9\n"
        "2024-03-14,21.3,21.4,20.9,21.05,998100.0,0.0,1.0,9,9,9,9,9\n"
        "2024-03-15,21.1,21.8,21.0,21.5,1204300.0,0.0,1.0,9,9,9,9,9\n",
        THREE,
        ACME,
    ),
    Sample(
        "Lean",
        "20240313 00:00,209500,213000,209000,212500,1100200\n"
        "20240314 00:00,213000,214000,209000,210500,998100\n"
        "20240315 00:00,211000,218000,210000,215000,1204300\n",
        THREE,
        ACME,
    ),
    Sample(
        "Lean, of a currency",
        "20240301 00:00,62000.1,62500.0,61000.0,62100.5,1000.5\n"
        "20240302 00:00,62001.1,62501.0,61001.0,62101.5,1001.5\n",
        TWO,
        COIN,
        asset_class="crypto",
        at="24/7",
    ),
)


def fetch(
    folder: Path,
    sample: Sample,
    *,
    dates: DateOrder | None = None,
    decimal: DecimalSign | None = None,
) -> Bars:
    (folder / sample.name).write_bytes(
        sample.content if isinstance(sample.content, bytes) else sample.content.encode()
    )
    home = folder / "home"
    settings = Settings(home=home, files=folder, files_dates=dates, files_decimal=decimal)
    files = FilesProvider(settings)
    asked = request_for("X", sample.frequency, "2024-01-01", "2025-01-01", at=sample.at)
    symbol = sample.name.partition(".")[0]
    dataset = DatasetId(sample.asset_class, sample.frequency, symbol)
    return files.fetch(Request(dataset, asked.span, asked.as_of, asked.calendar)).bars


def plain(content: str | bytes, name: str = "ACME.csv") -> Sample:
    return Sample("plain", content, (), (), name=name)


@pytest.mark.parametrize("sample", SAMPLES, ids=[each.program for each in SAMPLES])
def test_a_file_is_read_as_its_program_writes_it(sample: Sample, tmp_path: Path) -> None:
    bars = fetch(tmp_path, sample)

    assert list(bars.index) == [utc(each) for each in sample.stamps]
    read = bars[["open", "high", "low", "close", "volume"]].to_numpy()
    np.testing.assert_array_equal(read, np.array(sample.rows, dtype=float))
    assert bars["dividend"].tolist() == [0] * len(bars)
    assert bars["split"].tolist() == [1] * len(bars)


def test_each_dialect_has_a_file_and_a_line_in_the_page() -> None:
    page = Path(__file__).parents[2] / "docs" / "howto" / "files.md"
    words = page.read_text(encoding="utf-8")

    for dialect in DIALECTS:
        for name in dialect.name.split(", ")[:1]:
            assert f"| {name}" in words, name
    programs = {each.program.split(",")[0].split(" without")[0] for each in SAMPLES}
    assert {each.name.split(",")[0] for each in DIALECTS} <= programs


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Date,Open,High,Low,Close,Volume,Dividends,Stock Splits", "2024-03-13,1,1,1,1,5,0.5,2:1"),
        ("Date,Open,High,Low,Close,Volume,Dividends,Stock Splits", "2024-03-13,1,1,1,1,5,0.5,2/1"),
        ("date,close,high,low,open,volume,adjClose,divCash,splitFactor",
         "2024-03-13T00:00:00.000Z,1,1,1,1,5,9,0.5,2.0"),
        ("Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Close",
         "2024-03-13,1,1,1,1,5,0.5,2.0,9"),
        ("timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
         "2024-03-13,1,1,1,1,9,5,0.5,2.0"),
    ],
)  # fmt: skip
def test_dividends_and_splits_are_read_by_all_their_names(
    head: str, row: str, tmp_path: Path
) -> None:
    bars = fetch(tmp_path, plain(f"{head}\n{row}\n"))

    assert bars[["close", "volume", "dividend", "split"]].to_numpy().tolist() == [[1, 5, 0.5, 2]]


def test_a_reverse_split_is_one_share_for_many(tmp_path: Path) -> None:
    text = "Date,Open,High,Low,Close,Split\n2024-03-13,1,1,1,1,1:10\n2024-03-14,1,1,1,1,\n"

    assert fetch(tmp_path, plain(text))["split"].tolist() == [0.1, 1]


@pytest.mark.parametrize(
    "text",
    [
        # A comma before the fraction, dots between thousands.
        "Date;Open;High;Low;Close;Volume\n2024-03-13;1.020,5;1.021;999,25;1.000;12.000\n",
        "Date;Open;High;Low;Close;Volume\n2024-03-13;1020,50;1021;999,25;1000;12000\n",
        HEAD.replace(",", ";") + '2024-03-13;"1.020,50";"1.021,00";"999,25";"1.000,00";"12.000"\n',
        # A point before the fraction, commas, blanks or apostrophes between thousands.
        'Date,Open,High,Low,Close,Volume\n2024-03-13,"1,020.5","1,021",999.25,"1,000","12,000"\n',
        "Date;Open;High;Low;Close;Volume\n2024-03-13;1 020.5;1\u00a0021;999.25;1'000;12\u202f000\n",
        "Date,Open,High,Low,Close,Volume\n2024-03-13,1.0205e3,1021.,+999.25,1E3,12000.0\n",
        "Date,Open,High,Low,Close,Volume\n2024-03-13,€1020.5,1021 €,£999.25,$1000,12k\n",
    ],
)  # fmt: skip
def test_numbers_are_read_as_their_file_writes_them(text: str, tmp_path: Path) -> None:
    bars = fetch(tmp_path, plain(text))

    assert bars.to_numpy()[0, :5].tolist() == [1020.5, 1021, 999.25, 1000, 12000]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "2024-03-13,20.95,21.3,20.9,21.25,1100200,\n",
        HEAD.replace("\n", ",\n") + "2024-03-13,20.95,21.3,20.9,21.25,1100200,\n",
        HEAD.replace("\n", ",\n") + "2024-03-13,20.95,21.3,20.9,21.25,1100200\n",
        HEAD + "2024-03-13,20.95,21.3,20.9,21.25,1100200\n,,,,,\n\n",
        HEAD + "2024-03-13,20.95,21.3,20.9,21.25,1100200\n" + HEAD,
        "sep=;\n" + HEAD.replace(",", ";") + "2024-03-13;20.95;21.3;20.9;21.25;1100200\n",
        "ACME Inc.\nprices in, dollars\n\n" + HEAD + "2024-03-13,20.95,21.3,20.9,21.25,1100200",
        HEAD.replace("Volume", "Volume_(BTC),Volume_(USD)")
        + "2024-03-13,20.95,21.3,20.9,21.25,1100200,9\n",
        "DATE,OPEN (USD),HIGH,LOW,CLOSE,VOLUME\n2024-03-13,20.95,21.3,20.9,21.25,1100200\n",
        HEAD + "Mar-13-2024,20.95,21.3,20.9,21.25,1100200\n",
        "  Date , Open ,High, Low,Close ,Volume\n 13-Mar-24 ,20.95, 21.3,20.9,21.25,1100200\n",
        HEAD.replace("Volume", "Volume,Café").encode("latin-1")
        + b"2024-03-13,20.95,21.3,20.9,21.25,1100200,\xe9\n",
        (HEAD + "2024-03-13,20.95,21.3,20.9,21.25,1100200\n").encode("utf-16-le"),
        (HEAD + "2024-03-13,20.95,21.3,20.9,21.25,1100200\n").encode("utf-16-be"),
    ],
)  # fmt: skip
def test_what_stands_around_a_table_is_not_part_of_it(text: str | bytes, tmp_path: Path) -> None:
    bars = fetch(tmp_path, plain(text))

    assert list(bars.index) == [utc("2024-03-13")]
    assert bars.to_numpy()[0, :5].tolist() == list(ACME[0])


@pytest.mark.parametrize(
    ("dates", "order", "days"),
    [
        (("01/02/2024", "01/03/2024"), "month-first", ["2024-01-02", "2024-01-03"]),
        (("01/02/2024", "01/03/2024"), "day-first", ["2024-02-01", "2024-03-01"]),
        (("01/02/24", "01/03/24"), "day-first", ["2024-02-01", "2024-03-01"]),
        (("24/01/02", "24/01/03"), "year-first", ["2024-01-02", "2024-01-03"]),
        (("240102", "240103"), "year-first", ["2024-01-02", "2024-01-03"]),
        (("020124", "030124"), "day-first", ["2024-01-02", "2024-01-03"]),
        # What a column shows itself, it keeps.
        (("01/31/2024", "02/01/2024"), "day-first", ["2024-01-31", "2024-02-01"]),
    ],
)
def test_a_setting_shows_where_the_day_stands_if_the_column_does_not(
    dates: tuple[str, str], order: DateOrder, days: list[str], tmp_path: Path
) -> None:
    text = HEAD + "".join(f"{day},1,1,1,1,1\n" for day in dates)

    assert [f"{at:%Y-%m-%d}" for at in fetch(tmp_path, plain(text), dates=order).index] == days


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (("13/03/24", "14/03/24", "15/03/24"), ["2024-03-13", "2024-03-14", "2024-03-15"]),
        (("24/03/13", "24/03/14", "24/03/15"), ["2024-03-13", "2024-03-14", "2024-03-15"]),
        (("240313", "240314", "240315"), ["2024-03-13", "2024-03-14", "2024-03-15"]),
        (("130324", "140324", "150324"), ["2024-03-13", "2024-03-14", "2024-03-15"]),
        (("03/13/98", "03/14/98", "03/15/98"), ["1998-03-13", "1998-03-14", "1998-03-15"]),
    ],
)
def test_a_year_of_two_digits_is_the_number_that_stays(
    dates: tuple[str, ...], days: list[str], tmp_path: Path
) -> None:
    files = plain(HEAD + "".join(f"{day},1,1,1,1,1\n" for day in dates))
    (tmp_path / "home").mkdir()

    (tmp_path / "ACME.csv").write_text(str(files.content))
    settings = Settings(home=tmp_path / "home", files=tmp_path)
    request = request_for("ACME", "daily", "1990-01-01", "2025-01-01")
    bars = FilesProvider(settings).fetch(request).bars

    assert [f"{at:%Y-%m-%d}" for at in bars.index] == days


def test_a_text_is_read_where_there_is_no_table_of_that_name(tmp_path: Path) -> None:
    text = HEAD.replace(",", "\t") + "2024-03-13\t1\t1\t1\t2\t1\n"

    assert fetch(tmp_path, plain(text, name="ACME.TXT"))["close"].tolist() == [2]
    assert fetch(tmp_path, plain(text.replace("\t2\t", "\t3\t")))["close"].tolist() == [3]


@pytest.mark.parametrize(("sign", "price"), [("comma", 1.091), ("point", 1091.0)])
def test_a_setting_shows_the_decimal_sign_if_the_file_does_not(
    sign: DecimalSign, price: float, tmp_path: Path
) -> None:
    text = "Date;Open;High;Low;Close\n2024-03-13;1,091;1,091;1,091;1,091\n"

    assert fetch(tmp_path, plain(text), decimal=sign)["close"].tolist() == [price]
    with pytest.raises(
        BarsInvalid, match=r"Open is '1,091', which may be 1091 or 1\.091"
    ) as caught:
        fetch(tmp_path, plain(text))
    assert caught.value.hint == "set ML4T_DATA_FILES_DECIMAL to point or to comma"


def test_a_damaged_cell_does_not_move_the_decimal_sign_of_the_others(tmp_path: Path) -> None:
    rows = "2024-03-13;147.123;147.2;147.1;147.15;5\n2024-03-14;147.123;147.255;147.123;1,5;5\n"

    with pytest.raises(BarsInvalid, match=r"line 2: Open is '147\.123', which may be"):
        fetch(tmp_path, plain(HEAD.replace(",", ";") + rows.replace("147.2;147.1;147.15", "1;1;1")))
    with pytest.raises(
        BarsInvalid, match="line 3: Close is '1,5', but others have a decimal point"
    ):
        fetch(tmp_path, plain(HEAD.replace(",", ";") + rows))


def test_all_that_is_wrong_is_reported_at_once(tmp_path: Path) -> None:
    text = (
        HEAD + "01/02/2024,x,21.3,20.9,21.25,5\n02/02/2024,20,21.3,20.9\n"
        "03/02/2024,20,21.3,20.9,5%,many\n"
    )

    with pytest.raises(BarsInvalid) as caught:
        fetch(tmp_path, plain(text))

    assert caught.value.message == (
        "ACME.csv, line 2: '01/02/2024' may be 2024-01-02 or 2024-02-01, and no row shows which "
        "comes first, day or month; line 2: Open is 'x', "
        "which is not a number; line 3: 4 values for "
        "6 columns; line 4: Close is '5%', which is not "
        "a number; line 4: Volume is 'many', which is "
        "not a number"
    )
    assert caught.value.hint == "set ML4T_DATA_FILES_DATES to day-first or month-first"


def test_of_many_faults_the_first_are_reported_and_the_others_counted(tmp_path: Path) -> None:
    text = HEAD + "".join(f"2024-03-{day:02},x,1,1,1,1\n" for day in range(1, 31))

    with pytest.raises(BarsInvalid, match=r"line 9: Open is 'x', .*; and 22 more"):
        fetch(tmp_path, plain(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("34200000,209500,213000,209000,212500,1100200\n", "milliseconds since midnight"),
        ("2024-03-13,20.95,21.3,20.9,21.25,1100200\n", "has no header row"),
        ("20240313 093000;1.0910;1.0999;1.0890;1.0920;0\n", "has no header row"),
        ("209500,213000\n", "has no column for the stamp, open, high, low, close"),
        ("Price,Close,Close\nTicker,ACME,ABC\nDate,,\n2024-03-13,1,2\n", "symbols: ACME, ABC"),
        (HEAD + "2024-03-13,1,1,1,1\n2024-03-14,1,1,1,1,1\n", "line 2: 5 values for 6 columns"),
        (HEAD + "2024-03-13,1,1,1,1,1\nSource: a broker", "line 3: 1 values for 6 columns"),
        (HEAD + "2024-03-13,1,1,1,1,1\n2024-03-14,1,1,1,1,1,1", "line 3: 7 values for 6 columns"),
        (HEAD + '2024-03-13,1,"1"1",1,1,1\n', "line 2: ',' expected after"),
        ("Date,Open,High,Low,Close,Split\n2024-03-13,1,1,1,1,2:0\n", "'2:0', which is not a ratio"),
        ("<TICKER>,<PER>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\nABC,D,20240313,1,1,1,1\n",
         "line 2: this row is for 'ABC'"),
        ("20240313 00:00,2095.5,2130,2090,2125,1\n", "open is 2095.5, where Lean writes"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_without_blaming_the_file(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BarsInvalid, match=message) as caught:
        fetch(tmp_path, plain(text))

    assert "written?" not in caught.value.hint
    assert "ACME.csv" in caught.value.message


def test_negative_prices_are_for_validation(tmp_path: Path) -> None:
    text = HEAD + "2024-03-13,-37.63,13.69,-40.32,-$37.63,5\n"

    assert fetch(tmp_path, plain(text)).to_numpy()[0, :4].tolist() == [
        -37.63,
        13.69,
        -40.32,
        -37.63,
    ]


def test_a_header_alone_is_not_bars(tmp_path: Path) -> None:
    assert fetch(tmp_path, plain(HEAD)).empty


@pytest.mark.parametrize("name", ["ACME.csv", "ACME.parquet"])
def test_a_huge_header_ends_at_once(name: str, tmp_path: Path) -> None:
    columns = {f"c{number}": [1.0] for number in range(16_000)}
    if name.endswith("csv"):
        (tmp_path / name).write_text(",".join(columns) + "\n" + ",".join("1" * 16_000) + "\n")
    else:
        pq.write_table(pa.table(columns), tmp_path / name)
    content = (tmp_path / name).read_bytes()

    began = time.process_time()
    with pytest.raises(BarsInvalid, match="16,000 columns; at most 1,000 are read") as caught:
        fetch(tmp_path, plain(content, name=name))

    # A generous bound: quadratic work would take minutes.
    assert time.process_time() - began < 10
    assert len(str(caught.value)) < 300


def test_a_small_file_of_millions_of_rows_is_refused_unread(tmp_path: Path) -> None:
    count = 20_000_000
    path = tmp_path / "ACME.parquet"
    part = pa.table({"Date": np.zeros(count // 4, "int32")})
    with pq.ParquetWriter(path, part.schema) as writer:
        for _ in range(4):
            writer.write_table(part)
    content = path.read_bytes()
    assert len(content) < 1_000_000

    began = time.process_time()
    with pytest.raises(BarsInvalid, match="has 20,000,000 rows; at most"):
        fetch(tmp_path, plain(content, name="ACME.parquet"))

    assert time.process_time() - began < 5


def test_columns_whose_names_begin_alike_are_not_mixed_up(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Date": [pd.Timestamp("2024-03-13")], "Open": 1.0, "Open.x": 9.0,
                          "High": 2.0, "High.x": 9.0, "Low": 0.5, "Close": 1.5})  # fmt: skip
    frame.to_parquet(tmp_path / "ACME.parquet")
    content = (tmp_path / "ACME.parquet").read_bytes()

    bars = fetch(tmp_path, plain(content, name="ACME.parquet"))

    assert bars.to_numpy()[0, :4].tolist() == [1, 2, 0.5, 1.5]


def test_yfinance_frames_in_parquet_are_read_by_their_pairs_of_names(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {(name, "ACME"): [21.0] for name in ("Close", "High", "Low", "Open", "Volume")},
        index=pd.DatetimeIndex(["2024-03-13"], name="Date"),
    )
    frame.to_parquet(tmp_path / "ACME.parquet")
    content = (tmp_path / "ACME.parquet").read_bytes()

    bars = fetch(tmp_path, plain(content, name="ACME.parquet"))

    assert bars["close"].tolist() == [21]


def test_a_file_that_may_not_be_read_is_not_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    def away(path: Path) -> bytes:
        raise OSError(116, "Stale file handle", str(path))

    files = FilesProvider(Settings(home=tmp_path / "home", files=tmp_path))
    (tmp_path / "ACME.csv").write_text(HEAD)
    request = request_for("ACME", "daily", "2024-01-01", "2025-01-01")

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(BarsInvalid, match=r"ACME\.csv cannot be read: Permission denied"):
        files.fetch(request)
    monkeypatch.setattr(Path, "read_bytes", away)
    with pytest.raises(ProviderUnavailable, match="Stale file handle"):
        files.fetch(request)
