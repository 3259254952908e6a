"""What the page says to a health board, and what the board then has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ml4t_nb.finding import Finding
from ml4t_nb.model import DatasetId, Span
from ml4t_nb.notebook.panels.health_board import HealthBoard
from ml4t_nb.settings import Settings
from ml4t_nb.workspace import Workspace

__all__ = ["do", "finish", "groups", "hear", "lines", "propose_to_end", "symbols", "synthetic"]


def synthetic(home: Path, *holes: Span) -> Workspace:
    return Workspace.open(Settings(home=home, provider="synthetic", synthetic_holes=holes))


def hear(board: HealthBoard, **message: object) -> None:
    """As a message of the page arrives."""
    board.board._handle_custom_msg(message, [])


def do(board: HealthBoard, remedy: str, *keys: str, **more: object) -> None:
    hear(board, what="do", remedy=remedy, keys=[*keys], **more)


def groups(board: HealthBoard) -> list[tuple[str, str, list[str], str | None]]:
    """State, cause, symbols and remedy of each group."""
    return [
        (each.state, each.words, [health.dataset.symbol for health in each.datasets], each.remedy)
        for each in board.groups
    ]


def symbols(board: HealthBoard) -> dict[str, list[str]]:
    return {state: names for state, _, names, _ in groups(board)}


def finish(board: HealthBoard) -> None:
    """Wait until every job that the board began has ended, those that follow another too."""
    for run in board.repair_runs:
        for job in run.jobs:  # grows while it is gone through
            assert job.join(120)


def lines(board: HealthBoard) -> list[str]:
    return [job.line for run in board.repair_runs for job in run.jobs]


def propose_to_end(ws: Workspace, symbol: str, *others: Finding) -> None:
    """As the third update does in whose session the provider does not know the symbol."""
    with ws.store.transaction(DatasetId("equities", "daily", symbol)) as tx:
        state = tx.manifest
        assert state is not None
        words = f"synthetic has not known the symbol in 3 sessions: was {symbol} delisted?"
        found = Finding(None, "unknown symbol", words, seen=state.updated)
        tx.commit(replace(state, findings=(found, *others)), state.recent[-1])
