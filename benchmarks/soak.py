"""Everything at once on one store, some of it killed: ``python -m benchmarks.soak --minutes 10``.

Writers, readers, gap makers, menders, a remover, health with every checksum, and exports share
four datasets whose market splits, revises and serves late. Processes are killed and stopped at
random. All that is read is compared with the market and with the commits that were acknowledged;
at the end the store must heal to the market's own bars. Exit code 1 if any rule was broken.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from pathlib import Path

from benchmarks.soak_end import healed
from benchmarks.soak_market import when_all_is_served
from benchmarks.soak_work import ROLES, SYMBOLS, Board, work

__all__ = ["Report", "main", "soak"]

_DAY_S = 0.4
_FIRST_DAY = when_all_is_served(0)
_MOST_DAYS = 36_500
_KILL_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Report:
    """What a soak did and found.

    Parameters
    ----------
    done, errors, checked
        How often each operation succeeded, failed in a way that others' work explains, and each
        rule was looked at.
    broken
        Rules that did not hold, each with what was seen.
    """

    seconds: float
    days: int
    kills: int
    stops: int
    done: Counter[str]
    errors: Counter[str]
    checked: Counter[str]
    broken: tuple[str, ...]

    def text(self) -> str:
        """All of it, in lines."""
        lines = [
            f"soak of {self.seconds:.0f} s, {self.days} days of the market, {len(ROLES)} processes",
            f"  {self.kills:>9,} killed, {self.stops:,} stopped for a while",
        ]
        for title, counts in (
            ("done", self.done),
            ("refused, as others' work explains", self.errors),
            ("rules checked", self.checked),
        ):
            lines += [title, *(f"  {number:>9,} {what}" for what, number in sorted(counts.items()))]
        lines += [f"BROKEN {each}" for each in self.broken] or ["no rule was broken"]
        return "\n".join(lines)


class Crew:
    """The processes, each started again when it was killed."""

    def __init__(self, home: Path, notes: Path, seed: int) -> None:
        self._context = _context()
        self._home, self._notes, self._seed = home, notes, seed
        places = len(ROLES) * len(SYMBOLS)
        self.board = Board(
            today=RawArray("q", [_FIRST_DAY]),
            over=RawArray("q", 1),
            newest=RawArray("q", places),
            last=RawArray("q", places),
            cut=RawArray("B", len(SYMBOLS) * _MOST_DAYS),
            done=RawArray("q", len(ROLES)),
        )
        self.members = [self._started(number) for number in range(len(ROLES))]

    def _started(self, number: int) -> BaseProcess:
        journal = self._notes / f"{number}.jsonl"
        member: BaseProcess = self._context.Process(
            target=work, args=(number, self._home, journal, self.board, self._seed)
        )
        member.start()
        return member

    def kill(self, number: int) -> None:
        """Kill a member with no warning, and start another in its place."""
        self.members[number].kill()
        self.members[number].join()
        self.members[number] = self._started(number)

    def stop(self, number: int, seconds: float) -> None:
        """Let a member stand still for a while, whatever it holds."""
        member = self.members[number].pid
        assert member is not None
        os.kill(member, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(member, signal.SIGCONT)

    def end(self) -> None:
        """Let everybody finish the round they are in."""
        self.board.over[0] = 1
        for member in self.members:
            member.join()


def soak(home: Path, notes: Path, *, seconds: float, seed: int, least: int = 0) -> Report:
    """Run it.

    Parameters
    ----------
    home, notes
        An empty folder for the store, and one for what the processes note.
    least
        Go on, whatever the time, until each process has done so many rounds, as many kills have
        been dealt, and a dataset has been restated.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    loaded = healed(home, 0)
    crew = Crew(home, notes, seed)
    kills = stops = 0
    began = time.monotonic()
    while not crew.board.over[0]:
        passed = time.monotonic() - began
        if passed >= seconds and kills >= least and min(crew.board.done) >= least:
            break
        time.sleep(chance.uniform(0.1, 1.0))
        crew.board.today[0] = _FIRST_DAY + int((time.monotonic() - began) / _DAY_S)
        number = chance.randrange(len(ROLES))
        if chance.random() < _KILL_SHARE:
            crew.kill(number)
            kills += 1
        else:
            crew.stop(number, chance.uniform(0.1, 1.5))
            stops += 1
    crew.end()
    done, errors, checked, broken = _noted(notes)
    broken += loaded
    checked["the store heals to the market's own bars"] += len(SYMBOLS)
    broken += healed(home, crew.board.today[0])
    return Report(
        seconds=time.monotonic() - began,
        days=crew.board.today[0],
        kills=kills,
        stops=stops,
        done=done,
        errors=errors,
        checked=checked,
        broken=tuple(broken),
    )


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["benchmarks.soak_work", "ml4t_nb.pipeline", "ml4t_nb.verbs.gaps", "pyarrow.parquet"]
    )
    return context


def _noted(notes: Path) -> tuple[Counter[str], Counter[str], Counter[str], list[str]]:
    done, errors, checked = Counter[str](), Counter[str](), Counter[str]()
    broken: list[str] = []
    for path in sorted(notes.glob("*.jsonl")):
        role = list(ROLES)[int(path.stem)]
        for line in path.read_bytes().splitlines():
            note = json.loads(line)
            match note["what"]:
                case "done":
                    done[note["op"]] += 1
                case "error":
                    errors[f"{note['kind']} ({note['op']})"] += 1
                case "checked":
                    checked[note["rule"]] += 1
                case _:
                    broken.append(f"{role}: {note['rule']}: {note['detail']}")
    return done, errors, checked, broken


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1, help="of kills and choices")
    parser.add_argument("--keep", type=Path, help="folder to keep the store and the notes in")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = given.keep or Path(scratch)
        home, notes = folder / "home", folder / "notes"
        for each in (home, notes):
            each.mkdir(parents=True)
        report = soak(home, notes, seconds=given.minutes * 60, seed=given.seed)
    print(report.text())
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
