import pytest

from ml4t_nb.core.currencies import factor_between, requoted_words


@pytest.mark.parametrize(
    ("was", "now", "factor"),
    [
        ("GBp", "GBP", 0.01),
        ("GBP", "GBp", 100),
        ("GBX", "GBp", 1),
        ("ILA", "ILS", 0.01),
        ("ZAc", "ZAR", 0.01),
        ("KWF", "KWD", 0.001),
        ("USD", "USD", 1),
        ("USD", "EUR", None),
        ("GBp", "USD", None),
    ],
)
def test_units_of_one_currency_differ_by_a_factor(was: str, now: str, factor: float | None) -> None:
    assert factor_between(was, now) == factor


def test_a_change_is_told_with_its_factor_where_there_is_one() -> None:
    assert requoted_words("GBp", "GBP", "yahoo") == (
        "yahoo quotes GBP now, where it quoted GBp: 100 GBp are 1 GBP"
    )
    assert requoted_words("KWD", "KWF", "yahoo") == (
        "yahoo quotes KWF now, where it quoted KWD: 1000 KWF are 1 KWD"
    )
    assert requoted_words("USD", "EUR", "yahoo") == "yahoo quotes EUR now, where it quoted USD"
    assert requoted_words("GBp", "GBP", "files", is_own=False) == (
        "files quotes GBP, where the stored prices are in GBp: 100 GBp are 1 GBP"
    )
