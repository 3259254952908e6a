"""Rules as a settings file tunes them: for all datasets, for one, or off."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ml4t_nb.core.rules.configuration import RuleSettings
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.model import DatasetId
from ml4t_nb.settings_file import SettingsTable

GME = DatasetId("equities", "daily", "GME")
IBM = DatasetId("equities", "daily", "IBM")
FILE = """
spike_factor = 1.3
off = ["frozen"]

["equities/daily/GME"]
spike_factor = 3
unit_factors = [100]
off = []
"""


def read(text: str) -> RuleSettings:
    return RuleSettings.of(SettingsTable(Path("f.toml"), tomllib.loads(text), ("rules",)))


def test_a_dataset_has_the_values_of_all_but_for_its_own() -> None:
    rules = read(FILE)

    assert RuleSettings().of_dataset(IBM) == read("").of_dataset(IBM) == Thresholds()
    assert rules.of_dataset(IBM) == Thresholds(spike_factor=1.3, off=frozenset({"frozen"}))
    assert rules.of_dataset(GME) == Thresholds(spike_factor=3, unit_factors=(100.0,))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("spike_facter = 2", "unknown rule setting 'spike_facter'", "did you mean 'spike_factor'?"),
        ('off = ["spikes"]', "unknown rule 'spikes'", "did you mean 'spike'?"),
        ('off = ["price"]', "the rule 'price' cannot be switched off", "such rows are no bars"),
        ('off = ["kept"]', "unknown rule 'kept'", "choose from"),
        ('off = "spike"', "off must be a list of rules, not 'spike'", ""),
        ("spike_factor = 1", "spike_factor must be a number from 1.01 to 1e+09, not 1", ""),
        ("spike_factor = true", "spike_factor must be a number from 1.01 to 1e+09, not True", ""),
        (
            "zero_volume_share = 5",
            "zero_volume_share must be a number from 0 to 1, not 5",
            "",
        ),
        ("spike_sigmas = nan", "spike_sigmas must be a number from 1 to 1e+06, not nan", ""),
        ("unit_factors = 100", "unit_factors must be a list of numbers above 1, not 100", ""),
    ],
)
def test_a_wrong_setting_is_refused_by_file_table_and_name(
    text: str, message: str, hint: str
) -> None:
    for table, where in (("", "[rules]"), ('["etfs/1m/SPY"]\n', '[rules."etfs/1m/SPY"]')):
        with pytest.raises(SettingsInvalid) as refused:
            read(table + text)

        assert refused.value.message == f"f.toml, {where}: {message}"
        assert hint in str(refused.value.hint)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("GME", "not a dataset", '[rules."equities/daily/GME"]'),
        ("equities/daily/", "not a dataset", ""),
        ("equity/daily/GME", "unknown 'equity'", "did you mean 'equities'?"),
        ("equities/dayly/GME", "unknown 'dayly'", "did you mean 'daily'?"),
    ],
)
def test_settings_of_what_is_no_dataset_are_refused(name: str, message: str, hint: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read(f'["{name}"]\nspike_factor = 2')

    assert refused.value.message == f"f.toml, [rules]: rules for {name!r}: {message}"
    assert hint in str(refused.value.hint)
