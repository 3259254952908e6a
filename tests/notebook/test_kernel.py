"""The magics in a real kernel, as a notebook runs them."""

from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

LOAD = "%ml4t load AAPL IBM MSFT -p sample --start 2005-01-03 --as-of 2005-02-25"


def run(client: BlockingKernelClient, cell: str) -> tuple[str, list[dict[str, Any]]]:
    """Whether the cell was ``ok``, and its outputs, updated ones in place."""
    outputs: list[dict[str, Any]] = []
    places: dict[str, int] = {}

    def take(message: dict[str, Any]) -> None:
        content = message["content"]
        place = content.get("transient", {}).get("display_id")
        if message["msg_type"] == "update_display_data":
            outputs[places[place]] = content
        elif message["msg_type"] in ("display_data", "execute_result", "error", "stream"):
            if place is not None:
                places[place] = len(outputs)
            outputs.append(content)

    reply = client.execute_interactive(cell, output_hook=take, timeout=120)
    return reply["content"]["status"], outputs


def test_the_result_of_a_run_takes_the_place_of_its_progress(kernel: BlockingKernelClient) -> None:
    run(kernel, "%load_ext ml4t_nb")

    status, outputs = run(kernel, LOAD)

    assert status == "ok"
    (output,) = outputs
    assert set(output["data"]) == {"text/html", "text/plain"}
    assert output["data"]["text/plain"].startswith("3 datasets: 3 loaded\n")
    assert "equities/daily/MSFT" in output["data"]["text/html"]
    for words in output["data"].values():
        assert "datasets done" not in words
        assert "progressbar" not in words
    # It is the cell's value all the same.
    assert run(kernel, "print(len(_))")[1] == [{"name": "stdout", "text": "3\n"}]


def test_a_run_whose_result_is_not_shown_leaves_a_sentence(kernel: BlockingKernelClient) -> None:
    run(kernel, "%load_ext ml4t_nb")

    (kept,) = run(kernel, f"r = {LOAD}")[1]
    shown = [run(kernel, "r")[1] for _ in range(2)]

    assert kept["data"]["text/plain"] == "load: 3 of 3 datasets done"
    # Of an earlier cell's progress nothing is touched.
    for outputs in shown:
        (output,) = outputs
        assert output["execution_count"]
        assert output["data"]["text/plain"].startswith("3 datasets: 3 loaded\n")


def test_each_result_of_a_cell_takes_the_place_of_its_own_progress(
    kernel: BlockingKernelClient,
) -> None:
    run(kernel, "%load_ext ml4t_nb")

    status, outputs = run(
        kernel,
        "%%ml4t --as-of 2005-02-25\n"
        "load AAPL -p sample --start 2005-01-03\nhealth\nload IBM NOPE -p sample",
    )

    assert status == "error"
    kinds = [output.get("ename") or output["data"]["text/plain"][:20] for output in outputs]
    assert kinds[1:] == ["1 dataset: 1 healthy", "2 datasets: 1 loaded", "RunFailed"]
    assert kinds[0].startswith("load from sample")


def test_a_failure_is_two_lines_and_an_error_that_stops_the_notebook(
    kernel: BlockingKernelClient,
) -> None:
    run(kernel, "%load_ext ml4t_nb")

    status, outputs = run(kernel, "%ml4t healht")

    assert status == "error"
    assert [output["traceback"] for output in outputs] == [
        ["OptionError: unknown verb 'healht'", "did you mean 'health'?"]
    ]


def test_a_kernel_completes_a_verb(kernel: BlockingKernelClient) -> None:
    run(kernel, "%load_ext ml4t_nb")

    reply = kernel.complete("r = %ml4t upd", reply=True, timeout=120)

    assert reply["content"]["matches"] == ["update"]


def test_a_plot_is_a_chart_that_lives_with_a_still_picture_beside_it(
    kernel: BlockingKernelClient,
) -> None:
    run(kernel, f"%load_ext ml4t_nb\n{LOAD}")

    status, outputs = run(kernel, "%ml4t plot AAPL")

    assert status == "ok"
    alive, still = (output["data"] for output in outputs)
    assert "application/vnd.jupyter.widget-view+json" in alive
    assert '<img src="data:image/svg+xml;base64,' in still["text/html"]
    assert "equities/daily/AAPL" in still["text/plain"]


def test_a_map_of_sessions_is_a_figure_with_a_still_picture_beside_it(
    kernel: BlockingKernelClient,
) -> None:
    run(kernel, f"%load_ext ml4t_nb\n{LOAD}")

    status, outputs = run(kernel, "%ml4t plot AAPL --coverage")

    assert status == "ok"
    (output,) = outputs
    assert set(output["data"]) == {
        "application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"
    }  # fmt: skip
    assert output["data"]["application/vnd.plotly.v1+json"]["data"][0]["type"] == "heatmap"


def test_a_plot_that_is_kept_is_a_report(kernel: BlockingKernelClient) -> None:
    run(kernel, f"%load_ext ml4t_nb\n{LOAD}")

    status, outputs = run(kernel, "r = %ml4t plot AAPL\nprint(type(r).__name__, len(r.bars))")

    assert (status, [output["text"] for output in outputs]) == ("ok", ["PlotReport 38\n"])


def test_a_saved_report_does_not_depend_on_the_terminal_of_the_server(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    kernel = request.getfixturevalue("kernel")
    run(kernel, f"%load_ext ml4t_nb\n{LOAD}")

    _, outputs = run(kernel, "%ml4t list")

    (row,) = [
        line for line in outputs[0]["data"]["text/plain"].splitlines() if "daily/MSFT" in line
    ]
    assert row.split()[:5] == ["equities/daily/MSFT", "sample", "38", "2005-01-03", "2005-02-25"]
