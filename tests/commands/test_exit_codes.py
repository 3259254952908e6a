"""What a report or an error says to cron."""

from dataclasses import replace

import pytest

from ml4t_nb.commands.exit_codes import code_of, code_of_error
from ml4t_nb.errors import (
    DatasetNotFound,
    LockTimeout,
    Ml4tError,
    OptionError,
    ProviderUnavailable,
    RateLimited,
    SettingsInvalid,
    SymbolUnknown,
)
from ml4t_nb.records import HealthState
from ml4t_nb.reports import GapsReport, HealthReport, ListReport, RunReport, UnreadDataset
from tests.render.reports import AS_OF, dataset, failure, health, healths, result, run

good = result("AAPL", added=5)
same = result("IBM", "unchanged")
unknown = result("NOPE", "failed", error=failure("SymbolUnknown"))
locked = result("MSFT", "failed", error=failure("LockTimeout"))
limited = result("FB", "failed", error=failure("RateLimited"))
misused = result("XX", "failed", error=failure("OptionError"))
halfway = result("GOOG", "partial", error=failure("ProviderUnavailable"))


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (run(good, same), 0),
        (run(), 0),
        (run(good, unknown), 1),
        (run(good, halfway), 75),
        (run(result("A", "partial")), 1),
        (run(good, locked), 75),
        (run(limited, left=("A", "B"), stopped="pause"), 75),
        (run(locked, unknown), 1),
        (run(misused), 2),
        (run(good, misused), 1),
        (run(good, left=("A",), stopped="interrupted"), 130),
    ],
)
def test_a_run_fails_if_a_dataset_failed(report: RunReport, code: int) -> None:
    assert code_of(report) == code


@pytest.mark.parametrize(
    ("states", "fail_on", "code"),
    [
        (("healthy",), ("error",), 0),
        (("healthy", "stale", "suspect"), ("error",), 0),
        (("healthy", "error"), ("error",), 1),
        (("healthy", "stale"), ("stale", "error"), 1),
        (("healthy", "error"), ("stale", "error"), 1),
        (("healthy", "suspect", "incomplete"), ("stale", "error"), 0),
        (("healthy", "incomplete"), ("incomplete", "error"), 1),
        (("healthy", "stale"), ("incomplete", "error"), 0),
        (("error",), ("stale", "suspect"), 0),
        ((), ("error",), 0),
    ],
)
def test_health_fails_on_the_states_that_were_named(
    states: tuple[HealthState, ...], fail_on: tuple[HealthState, ...], code: int
) -> None:
    assert code_of(healths(*states, fail_on=fail_on)) == code


def test_health_fails_on_a_state_that_a_worse_one_hides() -> None:
    both = replace(health("AAPL", "suspect"), also=("stale",))

    assert code_of(HealthReport(AS_OF, (both,), fail_on=("stale", "error"))) == 1
    assert code_of(HealthReport(AS_OF, (both,), fail_on=("error",))) == 0


@pytest.mark.parametrize(
    ("done", "code"),
    [
        (None, 1),
        (run(same), 1),
        (run(locked), 1),
        (run(misused), 1),
        (run(left=("A",), stopped="interrupted"), 130),
    ],
)
def test_gaps_fail_if_those_of_a_dataset_are_unknown(done: RunReport | None, code: int) -> None:
    unread = UnreadDataset(dataset("BAD"), failure("ChunkCorrupt"))

    assert code_of(GapsReport(AS_OF, (), done, failed=(unread,))) == code
    assert code_of(GapsReport(AS_OF, ())) == 0


def test_a_list_is_good() -> None:
    assert code_of(ListReport(())) == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OptionError("x"), 2),
        (SettingsInvalid("x"), 2),
        (DatasetNotFound("x"), 1),
        (SymbolUnknown("x", provider="p"), 1),
        (ProviderUnavailable("x", provider="p"), 75),
        (LockTimeout("x"), 75),
        (RateLimited("x", provider="p"), 75),
    ],
)
def test_an_error_says_whether_to_try_again(error: Ml4tError, code: int) -> None:
    assert code_of_error(error) == code
