"""CONTRIBUTING shows the house as it stands."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT
from tests.test_house import LAYERS, MODULES

WORDS = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def floors() -> list[str]:
    """What is written in the picture, floor by floor, from the ground."""
    (picture,) = re.findall(r"^```picture\n(.*?)^```$", WORDS, flags=re.DOTALL | re.MULTILINE)
    _, *drawn = re.split(r"^ [┌├].*$", picture, flags=re.MULTILINE)
    return drawn[::-1]


def test_each_floor_of_the_picture_is_a_layer_and_names_its_parts() -> None:
    # The topmost layer is the package itself, which only hands out names.
    layers = LAYERS[:-1]

    assert len(floors()) == len(layers)
    for floor, parts in zip(floors(), layers, strict=True):
        assert {part for part in parts if not re.search(rf"\b{part}\b", floor)} == set()
        assert set(re.findall(r"│ {1,2}(\w+) {2,}", floor)) <= parts


def test_its_ground_floor_names_values_that_are_there_and_no_others() -> None:
    assert set(re.findall(r"[a-z_]+", floors()[0])) == LAYERS[0] | {"values"}


@pytest.mark.parametrize(
    ("name", "module"),
    re.findall(r"`(\w+)`\s+(?:of|in)\s+`([a-z0-9_/]+\.py)`", WORDS),
)
def test_what_it_names_in_a_module_is_there(name: str, module: str) -> None:
    assert re.search(rf"\b{name}\b", (ROOT / module).read_text(encoding="utf-8"))


def test_every_module_it_names_is_there() -> None:
    named = set(re.findall(r"`ml4t_nb/([a-z_/]+\.py)`", WORDS))

    assert named
    assert named - set(MODULES) == set()
