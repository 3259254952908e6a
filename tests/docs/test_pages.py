"""Every block of README, CONTRIBUTING and docs runs as it is written, and shows what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ml4t_nb.commands.parser import parse
from tests.docs.pages import PAGES, ROOT, blocks, differences, reading

NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
RUN = [name for name in NAMES if any(block.is_run for block in blocks(ROOT / name))]
CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|<(?:img|source)[^>]*? (?:src|srcset)=\"([^\"]+)\"")
NOTEBOOKS = [f"notebooks/{path.name}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")


@pytest.mark.parametrize("name", RUN)
def test_the_blocks_of_a_page_run_in_order_and_show_its_output(name: str, tmp_path: Path) -> None:
    shown = ""
    with reading(tmp_path) as reader:
        for block in blocks(ROOT / name):
            where = f"{name}:{block.line}"
            if block.is_run:
                shown, went_well = reader.does(block)
                assert went_well != ("fails" in block.marks), f"{where}\n{block.text}\n{shown}"
            elif block.language == "text":
                assert differences(block.text, shown) == "", where


@pytest.mark.parametrize("name", NAMES)
def test_no_fenced_block_of_a_page_is_ignored(name: str) -> None:
    page = ROOT / name
    opened = re.findall(r"^[ >\t]*(?:```|~~~)+ *\w.*$", page.read_text("utf-8"), flags=re.MULTILINE)

    assert len(blocks(page)) == len(opened)


def test_a_block_in_a_list_is_read_as_it_is_pasted(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "* so:\n\n  ```python\n  if 1:\n      print(7)\n  ```\n\n  ```text\n  7\n  ```\n"
    )

    assert [(each.language, each.text, each.line) for each in blocks(page)] == [
        ("python", "if 1:\n    print(7)\n", 3),
        ("text", "7\n", 8),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_command_lines_that_need_a_connection_are_at_least_well_formed(name: str) -> None:
    unrun = [block for block in blocks(ROOT / name) if "network" in block.marks]
    lines = [line for block in unrun for line in block.text.splitlines()]
    for line in lines:
        words = shlex.split(line.removeprefix("%"), comments=True)
        if words[:1] in (["ml4t-data"], ["ml4t"]):
            parse(words[1:])


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    prose = CODE.sub("", page.read_text(encoding="utf-8"))
    links = [one or other for one, other in LINK.findall(prose)]
    inner = [link for link in links if not link.startswith(("http://", "https://"))]

    assert [link for link in inner if not leads_somewhere(page, link)] == []


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target)


def anchors(page: Path) -> set[str]:
    """Names of a page's headings, as the forge makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", [*NAMES, *NOTEBOOKS])
def test_every_picture_is_in_the_repository(name: str) -> None:
    # What is fetched from elsewhere breaks offline, and tells others who reads here.
    pictures = re.findall(PICTURE, (ROOT / name).read_text("utf-8").replace('\\"', '"'))
    for target in filter(None, (part for found in pictures for part in found)):
        if not target.startswith("data:"):
            picture = (ROOT / name).parent / target
            assert picture.is_file(), target


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}

    assert {page for page in pages - {"README.md"} if f"({page})" not in index} == set()


@pytest.mark.parametrize("needle", ["ml4t-data load AAPL -p sample", "-m pytest"])
def test_the_two_lines_for_a_fresh_clone_are_one_line_each(needle: str) -> None:
    found = [block.text for block in blocks(ROOT / "README.md") if "clone" in block.marks]

    (line,) = [each for each in found if needle in each]
    assert line.count("\n") == 1
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q ")


def test_a_page_that_says_something_else_than_is_shown_is_noticed() -> None:
    assert differences("a\nb\n", "a\nc\n") != ""
    assert differences("a\n...\nc\n", "a\nb\nb\nc\n") == ""
    assert differences("a\n", "a\n\nb\n") != ""
    assert (
        differences("x.00000001.5f1c2a.parquet in 0.05 s", "x.00000001.aaaaaa.parquet in 9.99 s")
        == ""
    )
