"""Rules as a settings file tunes them: for all datasets, for one, or off."""

from __future__ import annotations

import tomllib

import pytest

from ml4t_nb.core.rules.configuration import thresholds_of
from ml4t_nb.core.rules.thresholds import Thresholds
from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.model import DatasetId

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


def test_a_dataset_has_the_values_of_all_but_for_its_own() -> None:
    rules = tomllib.loads(FILE)

    assert thresholds_of({}, IBM) == Thresholds()
    assert thresholds_of(rules, IBM) == Thresholds(spike_factor=1.3, off=frozenset({"frozen"}))
    assert thresholds_of(rules, GME) == Thresholds(spike_factor=3, unit_factors=(100.0,))


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("spike_facter = 2", "unknown rule setting 'spike_facter'", "did you mean 'spike_factor'?"),
        ('off = ["spikes"]', "unknown rule 'spikes'", "did you mean 'spike'?"),
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
        ("[GME]\nspike_factor = 2", "rules for 'GME': not a dataset", "equities/daily/GME"),
        ('["a/b/c"]\nspike = 1', "unknown rule setting 'spike'", "did you mean"),
    ],
)
def test_a_wrong_setting_is_refused_whichever_dataset_is_judged(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        thresholds_of(tomllib.loads(text), IBM)

    assert refused.value.message == message
    assert hint in str(refused.value.hint)
