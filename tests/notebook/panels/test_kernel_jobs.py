"""Jobs in a real kernel: what they say stays out of other cells, and the kernel stays free."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from tests.cli.gated.installed import install_gated

PANEL = """
import logging
logging.basicConfig()
import ml4t_nb
p = ml4t_nb.panel("load", as_of="2006-01-31").content
p.form.field("provider").value = "gated"
p.form.symbols.tags.value = {symbols}
p.form.field("start").value = "2005-01-03"
print(p.run.comm.comm_id)
"""


class Front:
    """A front end: it runs cells, clicks, and keeps what the kernel says by whom it answers."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self.client, self.manager = client, manager
        self.said: dict[str, list[tuple[str, str]]] = {}

    def run(self, cell: str) -> list[tuple[str, str]]:
        """Run a cell; its outputs as kind and text."""
        asked = self.client.execute(cell)
        while self._hear() != (asked, "idle"):
            pass
        return self.said.get(asked, [])

    def interrupt(self, cell: str, *, once: str) -> list[tuple[str, str]]:
        """Run a cell, and interrupt the kernel once it has said that; its outputs."""
        asked = self.client.execute(cell)
        while not any(once in text for _, text in self.said.get(asked, [])):
            self._hear()
        self.manager.interrupt_kernel()
        while self._hear() != (asked, "idle"):
            pass
        return self.said[asked]

    def click(self, button: str) -> str:
        """Click a button, and wait until the kernel has taken it; the message's own name."""
        message = self.client.session.msg(
            "comm_msg",
            {"comm_id": button, "data": {"method": "custom", "content": {"event": "click"}}},
        )
        self.client.shell_channel.send(message)
        asked = str(message["header"]["msg_id"])
        while self._hear() != (asked, "idle"):
            pass
        return asked

    def _hear(self) -> tuple[str, str]:
        message = self.client.get_iopub_msg(timeout=120)
        kind, content = message["msg_type"], message["content"]
        asked = str(message["parent_header"].get("msg_id"))
        text = str(content.get("text") or content.get("evalue") or "")
        said = self.said.setdefault(asked, [])
        if kind == "stream" and said and said[-1][0] == kind:
            said[-1] = (kind, said[-1][1] + text)  # a busy kernel sends one line in two pieces
        elif kind in ("stream", "error"):
            said.append((kind, text))
        return asked, str(content.get("execution_state", ""))


@pytest.fixture
def front(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """A kernel with a store of its own, and the gated provider installed."""
    assert home.parent == tmp_path
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    places = [str(install_gated(tmp_path / "site")), *filter(None, [os.getenv("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    manager, client = start_new_kernel(kernel_name="python3")
    yield Front(client, manager)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.context.destroy(linger=0)


def started(front: Front, symbols: list[str]) -> str:
    """A load of ``symbols`` that a click began; the click's message."""
    ((_, printed),) = front.run(PANEL.format(symbols=symbols))
    return front.click(printed.strip())


def test_what_a_job_prints_logs_or_raises_never_lands_in_another_cell(front: Front) -> None:
    click = started(front, ["LOUD", "BUG"])

    other = front.run("print('mine'); p.views[0].job.join(120)")
    front.run("pass")

    assert other == [("stream", "mine\n")]
    cells = {asked for asked in front.said if asked != click}
    heard = "".join(text for asked in cells for _, text in front.said[asked])
    assert "provider" not in heard
    (state,) = front.run("print(p.views[0].job.state)")
    assert state == ("stream", "failed\n")
    (log,) = front.run("print(''.join(p.views[0].job.log))")
    assert "a bug of the provider" in log[1]
    assert "logged by a provider" in log[1]


def test_the_kernel_answers_while_a_job_runs(front: Front) -> None:
    started(front, ["SLOW"])

    answers = [front.run("print(p.views[0].job.state)") for _ in range(3)]

    assert answers == [[("stream", "running\n")]] * 3
    front.run("p.views[0].cancel.click()")
    assert front.run("p.views[0].job.join(120); print(p.views[0].job.state)") == [
        ("stream", "cancelled\n")
    ]


def test_a_job_goes_on_when_its_cell_is_cleared_and_is_found_again(front: Front) -> None:
    started(front, ["SLOW"])
    front.run("%load_ext ml4t_nb\ndel p")

    front.run("import gc; gc.collect()\nframe = %ml4t jobs 1")
    end = front.run("frame.content.job.join(120); print(frame.content.job.state)")

    assert end == [("stream", "done\n")]
    (rows,) = front.run("print(len(ml4t_nb.bars('SLOW')))")
    assert rows == ("stream", "272\n")


def test_an_interrupt_ends_a_cell_that_waits_and_its_jobs_go_on(
    front: Front, tmp_path: Path
) -> None:
    front.run("%load_ext ml4t_nb")
    front.run(f"import os; os.environ['GATED_FOLDER'] = {str(tmp_path)!r}")
    started(front, ["HELD"])

    said = front.interrupt("import time; print('now', flush=True); time.sleep(600)", once="now")

    assert ("error", "") in [(kind, text) for kind, text in said if kind == "error"]
    words = "".join(text for kind, text in said if kind == "stream")
    assert "job 1 goes on in the background: %ml4t load HELD -p gated" in words
    assert "(to cancel it: %ml4t jobs)" in words
    (tmp_path / "HELD.end").touch()
    end = front.run("p.views[0].job.join(120); print(p.views[0].job.state)")
    assert end == [("stream", "done\n")]


def test_an_interrupt_ends_a_magic_whose_provider_blocks(front: Front) -> None:
    front.run("%load_ext ml4t_nb")
    line = "-p gated --start 2024-01-02 --as-of 2024-06-28"
    front.run(f"%ml4t load A {line}")

    said = front.interrupt(f"%ml4t load B STUCK {line}", once="asked for STUCK")

    words = "".join(text for _, text in said)
    assert re.search(r"load was interrupted: [01] of 2 done", words), words
    assert "answered at last" not in words
    (rows,) = front.run("import ml4t_nb; print(len(ml4t_nb.bars('A')))")
    assert rows == ("stream", "124\n")


def test_an_interrupt_without_a_job_says_nothing(front: Front) -> None:
    front.run("%load_ext ml4t_nb")

    said = front.interrupt("import time; print('now', flush=True); time.sleep(600)", once="now")

    assert [text for kind, text in said if kind == "stream"] == ["now\n"]
