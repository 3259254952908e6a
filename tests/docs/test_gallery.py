"""The gallery shows every part of a panel, in pictures that are there and small."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from ml4t_nb.commands.dashboard import Part
from tests.docs.images import IMAGES, PICTURES, Picture, file_of
from tests.docs.pages import PAGES, ROOT

GALLERY = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
PNG = b"\x89PNG\r\n\x1a\n"


def test_panels_are_in_it() -> None:
    named = {name.removesuffix("_dark") for name in re.findall(r"images/panel_(\w+)\.png", GALLERY)}

    assert named == {*get_args(Part)}


@pytest.mark.parametrize("picture", PICTURES, ids=[each.name for each in PICTURES])
def test_each_picture_is_there_light_and_dark_and_shown_in_both(picture: Picture) -> None:
    light, dark = (file_of(picture.name, scheme).read_bytes() for scheme in ("light", "dark"))

    assert light != dark
    for taken in (light, dark):
        assert taken.startswith(PNG)
        assert len(taken) <= 60_000
    assert f'srcset="images/{picture.name}_dark.png"' in GALLERY


def test_no_picture_is_left_that_no_page_shows() -> None:
    words = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = [each.name for each in IMAGES.iterdir()]

    assert [each for each in pictures if f"images/{each}" not in words] == []
