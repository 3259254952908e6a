"""What a symbol meant on a day, where it is, or was, stored in several classes and frequencies."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml4t_nb import verbs
from ml4t_nb.errors import OptionError
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """ACME as a share from the 4th to the 8th of March, and as a coin from the 6th on."""
    found = Workspace.open(Settings(home=tmp_path / "home", provider="synthetic"))
    verbs.load(found, "ACME", start="2024-02-01", as_of="2024-03-04")
    verbs.load(found, "ACME", asset_class="crypto", start="2024-02-01", as_of="2024-03-06")
    verbs.pin(found, "both")
    verbs.remove(found, "ACME", asset_class="equities", yes=True, as_of="2024-03-08")
    return found


def test_a_symbol_means_on_a_day_what_it_meant_then(ws: Workspace) -> None:
    for day, dataset in (("2024-03-05", "equities"), ("2024-03-08", "crypto")):
        (found,) = verbs.bars(ws, "ACME", known_on=day).attrs["ml4t_nb"]["datasets"]
        assert found == f"{dataset}/daily/ACME"
    words = "'ACME' is stored as equities/daily/ACME, crypto/daily/ACME"
    with pytest.raises(OptionError, match=words) as error:
        verbs.bars(ws, "ACME", known_on="2024-03-07")
    assert error.value.hint == "choose one with -a and -f"
    with pytest.raises(OptionError, match=words):
        verbs.bars(ws, "ACME", pin="both")
    one = verbs.bars(ws, "ACME", asset_class="equities", pin="both")
    assert one.attrs["ml4t_nb"]["datasets"] == ["equities/daily/ACME"]

    # A number is that of what is in force.
    (found,) = verbs.bars(ws, "ACME", version=1).attrs["ml4t_nb"]["datasets"]
    assert found == "crypto/daily/ACME"


def test_sql_for_a_symbol_has_what_it_has_for_all(ws: Workspace) -> None:
    query = "SELECT asset_class, count(*) FROM bars_daily {} GROUP BY ALL ORDER BY 1"
    for day, classes in (
        ("2024-03-05", ["equities"]),
        ("2024-03-07", ["crypto", "equities"]),
        ("2024-03-09", ["crypto"]),
    ):
        of_all, of_one = (
            verbs.sql(ws, query.format(where), known_on=day).table.to_pydict()
            for where in ("", "WHERE symbol = 'ACME'")
        )
        assert of_all["asset_class"] == classes
        assert of_one == of_all


def test_a_frequency_that_was_removed_is_that_of_its_days(ws: Workspace) -> None:
    verbs.load(
        ws,
        "ACME",
        asset_class="crypto",
        frequency="hourly",
        start="2024-03-01",
        as_of="2024-03-09",
    )
    verbs.remove(ws, "ACME", asset_class="crypto", frequency="daily", yes=True, as_of="2024-03-11")
    for day, frequency in (("2024-03-10", "daily"), ("2024-03-11", "hourly")):
        (found,) = verbs.bars(ws, "ACME", known_on=day).attrs["ml4t_nb"]["datasets"]
        assert found == f"crypto/{frequency}/ACME"
