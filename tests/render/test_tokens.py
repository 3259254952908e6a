"""Colours that people can read, and distinguish whatever their colour vision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from ml4t_nb.render.icons import ICONS, icon
from ml4t_nb.render.tokens import DARK, LIGHT, TOKENS, custom_properties, token

Colour = npt.NDArray[np.float64]

_THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
_WORDS = (
    "text", "muted", "faint", "accent", "up", "down", "filled", "ok", "stale", "incomplete",
    "suspect", "error",
)  # fmt: skip
_READABLE = 4.5  # WCAG 2.2, AA: words of ordinary size
_APART = 40  # CIE76: no two of the pairs below are a confusion pair
# Machado, Oliveira and Fernandes 2009, table of severity 1.0; for linear RGB.
_VISION = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def _linear(colour: str) -> Colour:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    light = [float(_linear(each) @ (0.2126, 0.7152, 0.0722)) for each in (one, other)]
    return (max(light) + 0.05) / (min(light) + 0.05)


def _lab(linear: Colour) -> Colour:
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    part = to_xyz @ np.clip(linear, 0, 1) / (0.95047, 1.0, 1.08883)
    part = np.where(part > (6 / 29) ** 3, np.cbrt(part), part / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * part[1] - 16, 500 * (part[0] - part[1]), 200 * (part[1] - part[2])])


def _distance(one: str, other: str, vision: str) -> float:
    seen = [_lab(np.array(_VISION[vision]) @ _linear(each)) for each in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def test_the_formula_of_contrast_gives_what_is_known_of_it() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@_THEMES
def test_words_of_every_rank_and_state_are_readable_on_every_surface(
    theme: Mapping[str, str],
) -> None:
    on = [(theme[word], theme[ground]) for word, ground in product(_WORDS, ("paper", "sunken"))]
    on += [(theme["onaccent"], theme["accent"]), (theme["accent"], theme["accentbg"])]
    on += [(theme["text"], theme["accentbg"]), (theme["tiptext"], theme["tip"])]
    on += [(theme["ontag"], theme["up"]), (theme["ontag"], theme["down"])]
    assert [pair for pair in on if _contrast(*pair) < _READABLE] == []


@_THEMES
@pytest.mark.parametrize("vision", _VISION)
def test_what_differs_in_meaning_differs_for_every_eye(
    theme: Mapping[str, str], vision: str
) -> None:
    assert _distance(theme["up"], theme["down"], vision) >= _APART
    assert _distance(theme["filled"], theme["gap"], vision) >= _APART


def test_a_style_sheet_gives_every_token_in_both_themes() -> None:
    sheet = custom_properties()
    for name, each in TOKENS.items():
        assert f"light-dark({each.light},{each.dark})" in sheet
        assert re.search(rf"--ml4t-{name}:", sheet)
    assert token("up") == "var(--ml4t-up)"
    with pytest.raises(KeyError):
        token("upwards")


@pytest.mark.parametrize("name", ICONS)
def test_an_icon_is_hidden_from_a_screen_reader_and_takes_the_colour_of_its_words(
    name: str,
) -> None:
    drawn = icon(name)
    assert 'aria-hidden="true"' in drawn
    assert 'stroke="currentColor"' in drawn
    assert not re.search(r"#[0-9a-f]{3,6}", drawn)
