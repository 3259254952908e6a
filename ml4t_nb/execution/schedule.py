"""What a scheduler is told, so that it runs ``update --due``: cron, systemd, Kubernetes."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ml4t_nb.commands.schedule import Schedule
from ml4t_nb.errors import OptionError
from ml4t_nb.settings import default_home
from ml4t_nb.verbs.market_hours import MarketHours, market_hours
from ml4t_nb.workspace import Workspace

__all__ = ["scheduled"]

_DUE = ("update", "--due", "-q")
_NAME = "ml4t-data"
_MOUNT = "/data"
# Hours after the close in which it looks again: for what failed, or was late.
_AGAIN = 3
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def scheduled(asked: Schedule, workspace: Workspace | None = None) -> str:
    """The text to install.

    Raises
    ------
    StoreNotFound
        If times are those of the exchanges in the store, and there is no store.
    OptionError
        If no dataset in it says of which, or a folder's name cannot be written there.
    """
    ws = (workspace or Workspace.open()).at(asked.home)
    home = ws.settings.home
    own = () if home == default_home() else ("--home", str(home))
    words = (*_program(), *_DUE, *own)
    if asked.format == "crontab":
        return f"*/15 * * * *  {_cron_words(words)}\n"
    ws.require_home()
    hours = market_hours(ws)
    if not hours:
        raise OptionError(
            f"no dataset in {home} says when an exchange closes",
            hint="load one first, or use --format crontab, which needs none",
        )
    if asked.format == "systemd":
        return _systemd(words, hours)
    return "---\n".join(_cron_job(asked, each) for each in hours)


def _program() -> tuple[str, ...]:
    """The program that runs, by its full path: a scheduler has a PATH of its own."""
    own = Path(sys.argv[0])
    if own.stem == _NAME and own.is_file():
        return (str(own.absolute()),)
    found = shutil.which(_NAME)
    return (str(Path(found).absolute()),) if found else (sys.executable, "-m", "ml4t_nb")


def _cron_words(words: Sequence[str]) -> str:
    if any("\n" in each for each in words):
        raise OptionError(
            "a line of a crontab cannot name a folder with a line break", hint="rename the folder"
        )
    # cron takes a percent sign for the end of the line, even between quotes.
    return shlex.join(words).replace("%", r"\%")


def _systemd(words: Sequence[str], hours: Iterable[MarketHours]) -> str:
    times = "".join(f"OnCalendar={_on_calendar(each)}\n" for each in hours)
    command = " ".join(map(_unit_word, words))
    return f"""\
# ~/.config/systemd/user/{_NAME}.service
[Unit]
Description=Update the market data that is due

[Service]
Type=oneshot
ExecStart={command}
SuccessExitStatus=75

# ~/.config/systemd/user/{_NAME}.timer
[Unit]
Description=When exchanges have closed

[Timer]
{times}Persistent=true

[Install]
WantedBy=timers.target
"""


def _unit_word(word: str) -> str:
    """In the quotes of systemd, which would expand variables and its own specifiers."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    plain = plain.replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if plain != word or set(word) & set(" \t';") else word


def _on_calendar(hours: MarketHours) -> str:
    begin, end, minutes = _times(hours)
    days = "" if len(hours.days) == len(_DAYS) else f"{','.join(_DAYS[day] for day in hours.days)} "
    at = ",".join(f"{minute:02}" for minute in minutes)
    return f"{days}*-*-* {begin:02}..{end:02}:{at}:00 {hours.zone}"


def _cron_job(asked: Schedule, hours: MarketHours) -> str:
    begin, end, minutes = _times(hours)
    # Sunday is 0 there.
    days = ",".join(str((day + 1) % 7) for day in hours.days)
    at = ",".join(map(str, minutes))
    when = f"{at} {begin}-{end} * * {'*' if len(hours.days) == len(_DAYS) else days}"
    arguments = [_NAME, *_DUE, "--home", _MOUNT]
    name = f"{_NAME}-{hours.calendar.lower().replace('/', '-')}"
    # A string of JSON is one of YAML.
    return f"""\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {json.dumps(name)}
spec:
  schedule: {json.dumps(when)}
  timeZone: {json.dumps(hours.zone)}
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: {json.dumps(_NAME)}
              image: {json.dumps(asked.image)}
              command: {json.dumps(arguments)}
              volumeMounts:
                - name: store
                  mountPath: {_MOUNT}
          volumes:
            - name: store
              persistentVolumeClaim:
                claimName: {json.dumps(asked.claim)}
"""


def _times(hours: MarketHours) -> tuple[int, int, tuple[int, ...]]:
    """The first and last hour of a day to look in, and the minutes of each."""
    final = -(-hours.final // 5) * 5
    hour, minute = divmod(min(final, 24 * 60 - 5), 60)
    end = min(hour + _AGAIN, 23)
    if hours.opens is None:
        return hour, end, (minute,)
    # Bars of an unbroken market are looked for around the clock.
    is_unbroken = hours.opens == 0
    begin, end = (0, 23) if is_unbroken else (hours.opens // 60, end)
    return begin, end, tuple(sorted({minute % 30, minute % 30 + 30}))
