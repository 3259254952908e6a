"""Elements are made of text, which is escaped, and of markup, which is not."""

from __future__ import annotations

from base64 import b64decode

import pytest

from ml4t_nb.render.markup import element, fragment, picture


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "1 < 2 & 3")

    assert inner == "<b>1 &lt; 2 &amp; 3</b>"
    assert element("p", inner, " <i>") == "<p><b>1 &lt; 2 &amp; 3</b> &lt;i&gt;</p>"


def test_attributes_are_escaped_and_spelled_as_html_has_them() -> None:
    made = element("a", class_="one", aria_label='"><script>', stroke_width=0.5)

    assert made == '<a class="one" aria-label="&#34;&gt;&lt;script&gt;" stroke-width="0.5"></a>'


def test_several_stand_one_after_the_other_however_deep() -> None:
    cells = (element("td", word) for word in "ab")

    assert fragment("&", [cells, ("c", ["<"])], "") == "&amp;<td>a</td><td>b</td>c&lt;"


@pytest.mark.parametrize("sign", ["\x1b[2J", "\u202e", "\x00"])
def test_signs_that_nobody_sees_are_spelled_out(sign: str) -> None:
    made = element("p", sign, title=sign)

    assert sign not in made
    assert "\\x" in made or "\\u" in made


def test_lines_stay() -> None:
    assert element("pre", "a\nb") == "<pre>a\nb</pre>"


def test_a_picture_is_an_image_of_its_svg_with_words_for_who_does_not_see_it() -> None:
    svg = element("svg", element("text", "1 < 2 ▼"), xmlns="http://www.w3.org/2000/svg")

    before, source = picture(svg, '"two"').split('src="data:image/svg+xml;base64,')

    assert before == "<img "
    assert b64decode(source.split('"')[0]).decode() == svg
    assert 'alt="&#34;two&#34;"' in source
