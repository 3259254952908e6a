"""A chart in a real kernel, whose page is this test: messages in, finer bars out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

LOAD = (
    "%load_ext ml4t_nb\n"
    "r = %ml4t load DEMO -p synthetic -f 1m --start 2024-01-03 --as-of 2024-01-12"
)


class Page:
    """What a front end knows of the widgets of its kernel."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.drawn: dict[str, dict[str, Any]] = {}
        self.told: list[dict[str, Any]] = []

    def run(self, cell: str) -> None:
        self._until_idle(self.client.execute(cell))

    def send(self, widget: str, **content: object) -> None:
        """A message of a widget's script."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": widget, "data": data})
        self.client.shell_channel.send(message)
        self._until_idle(str(message["header"]["msg_id"]))

    def _until_idle(self, asked: str) -> None:
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            kind, content = message["msg_type"], message["content"]
            json.dumps(content, default=str, allow_nan=False)  # a page's JSON knows no NaN
            assert kind != "error", content
            if kind in ("comm_open", "comm_msg"):
                self._take(content["comm_id"], content["data"])
            is_own = message["parent_header"].get("msg_id") == asked
            if is_own and content.get("execution_state") == "idle":
                return

    def _take(self, widget: str, data: dict[str, Any]) -> None:
        if "drawn" in data.get("state", {}):
            self.drawn[widget] = data["state"]["drawn"]
        if data.get("method") == "custom":
            self.told.append(data["content"])


@pytest.fixture
def page(kernel: BlockingKernelClient) -> Page:
    return Page(kernel)


def test_a_chart_is_drawn_once_and_answers_a_range_with_its_bars(page: Page) -> None:
    page.run(LOAD)
    page.run("%ml4t plot DEMO")

    ((chart, drawn),) = [(key, each) for key, each in page.drawn.items() if each]
    # Eight sessions of 390 minutes, in at most 1,000 steps: four each.
    assert drawn["facts"]["rows"] == 8 * 390
    assert drawn["facts"]["steps"]["size"] == 4

    page.send(
        chart, what="range", left=389.5, right=399.5, asked="1",
        drawing=drawn["facts"]["drawing"],
    )  # fmt: skip

    (answer,) = page.told
    steps = answer["facts"]["steps"]
    assert (answer["asked"], steps["first"], steps["rows"], steps["size"]) == ("1", 385, 20, 1)
    # Row 390 is the first minute of the second session.
    assert steps["labels"][5].startswith("Thu 4 Jan 2024 09:30")
    assert [each["meta"]["layer"] for each in answer["figure"]["data"]].count("candles") == 1
    assert {each.split(":")[0] for each in _colours(answer["figure"])} == {"token"}


def test_an_update_in_a_cell_below_is_told_to_the_page_and_drawn(page: Page) -> None:
    page.run(LOAD)
    page.run("%ml4t plot DEMO")
    ((chart, drawn),) = [(key, each) for key, each in page.drawn.items() if each]

    page.run("r = %ml4t update --as-of 2024-01-16")

    (told,) = page.told
    assert told == {"what": "newer", "drawing": drawn["facts"]["drawing"]}
    page.send(chart, what="redraw", drawing=told["drawing"])
    # The 15th was a holiday: one session more.
    assert page.drawn[chart]["facts"]["rows"] == 9 * 390
    page.run("1 + 1")
    assert len(page.told) == 1


def _colours(figure: dict[str, Any]) -> set[str]:
    traces = [each for each in figure["data"] if each["type"] == "candlestick"]
    return {each[way]["fillcolor"] for each in traces for way in ("increasing", "decreasing")}
