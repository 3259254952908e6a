"""What a scheduler is told, so that it does what is due: cron, systemd, Kubernetes."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml4t_nb.commands.schedule import Schedule
from ml4t_nb.errors import OptionError
from ml4t_nb.render.format import first_of, many
from ml4t_nb.settings import current_folder, default_home
from ml4t_nb.universes import UniverseFile, read_universes
from ml4t_nb.verbs.market_hours import MarketHours, market_hours
from ml4t_nb.verbs.sync import undeclared_datasets
from ml4t_nb.workspace import Workspace

__all__ = ["scheduled"]

_SHOWN = 3
_NAME = "ml4t-data"
_MOUNT = "/data"
# Hours after the close in which it looks again: for what failed, or was late.
_AGAIN = 3
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def scheduled(asked: Schedule, workspace: Workspace | None = None) -> str:
    """The text to install.

    It runs ``update --due``; or, where universes are declared, ``sync --due`` in the folder of the
    file that declares them, so that whichever other file cron starts beside does not count.

    Raises
    ------
    StoreNotFound
        If times are those of the exchanges in the store, and there is no store.
    SettingsInvalid
        If universes are declared, and cannot be read.
    OptionError
        If no dataset in it says of which, or a folder's name cannot be written there.
    """
    ws = (workspace or Workspace.open()).at(asked.home)
    home = ws.settings.home
    file = read_universes(current_folder(), home)
    own = () if home == default_home() else ("--home", str(home))
    job = _Job(("sync" if file.universes else "update", "--due", "-q"), own, _folder_of(file))
    note = _left_out(ws, file)
    if asked.format == "crontab":
        return f"{note}*/15 * * * *  {_cron_command(job)}\n"
    ws.require_home()
    hours = market_hours(ws)
    if not hours:
        raise OptionError(
            f"no dataset in {home} says when an exchange closes",
            hint="load one first, or use --format crontab, which needs none",
        )
    if asked.format == "systemd":
        return note + _systemd(job, hours)
    if job.folder not in (None, home.absolute()):
        raise OptionError(
            f"universes are declared in {file.path}, which a container does not have",
            hint=f"move it to the store: {home / file.path.name}",
        )
    return note + "---\n".join(_cron_job(asked, job, each) for each in hours)


@dataclass(frozen=True, slots=True)
class _Job:
    """What is run: the verb, the option for the store, and the folder to run in if it matters."""

    verb: tuple[str, ...]
    store: tuple[str, ...]
    folder: Path | None

    @property
    def words(self) -> tuple[str, ...]:
        return (*_program(), *self.verb, *self.store)


def _folder_of(file: UniverseFile) -> Path | None:
    return file.path.parent.absolute() if file.universes else None


def _left_out(ws: Workspace, file: UniverseFile) -> str:
    """A comment that names what is stored and in no universe, since it is not updated then."""
    left = undeclared_datasets(ws, file) if file.universes else ()
    if not left:
        return ""
    named = ", ".join(first_of(map(str, left), _SHOWN))
    return f"# {many(len(left), 'dataset')} in no universe, which it does not update: {named}\n"


def _program() -> tuple[str, ...]:
    """The program that runs, by its full path: a scheduler has a PATH of its own."""
    own = Path(sys.argv[0])
    if own.stem == _NAME and own.is_file():
        return (str(own.absolute()),)
    found = shutil.which(_NAME)
    return (str(Path(found).absolute()),) if found else (sys.executable, "-m", "ml4t_nb")


def _cron_command(job: _Job) -> str:
    command = _cron_words(job.words)
    return command if job.folder is None else f"cd {_cron_words([str(job.folder)])} && {command}"


def _cron_words(words: Sequence[str]) -> str:
    if any("\n" in each for each in words):
        raise OptionError(
            "a line of a crontab cannot name a folder with a line break", hint="rename the folder"
        )
    # cron takes a percent sign for the end of the line, even between quotes.
    return shlex.join(words).replace("%", r"\%")


def _systemd(job: _Job, hours: Iterable[MarketHours]) -> str:
    times = "".join(f"OnCalendar={_on_calendar(each)}\n" for each in hours)
    command = " ".join(map(_unit_word, job.words))
    folder = "" if job.folder is None else f"WorkingDirectory={_unit_folder(job.folder)}\n"
    return f"""\
# ~/.config/systemd/user/{_NAME}.service
[Unit]
Description=Update the market data that is due

[Service]
Type=oneshot
{folder}ExecStart={command}
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


def _unit_folder(folder: Path) -> str:
    """The rest of the line, which takes no quotes."""
    if "\n" in f"{folder}":
        raise OptionError("a unit cannot name a folder with a line break", hint="rename the folder")
    return f"{folder}".replace("%", "%%")


def _on_calendar(hours: MarketHours) -> str:
    begin, end, minutes = _times(hours)
    days = "" if len(hours.days) == len(_DAYS) else f"{','.join(_DAYS[day] for day in hours.days)} "
    at = ",".join(f"{minute:02}" for minute in minutes)
    return f"{days}*-*-* {begin:02}..{end:02}:{at}:00 {hours.zone}"


def _cron_job(asked: Schedule, job: _Job, hours: MarketHours) -> str:
    begin, end, minutes = _times(hours)
    # Sunday is 0 there.
    days = ",".join(str((day + 1) % 7) for day in hours.days)
    at = ",".join(map(str, minutes))
    when = f"{at} {begin}-{end} * * {'*' if len(hours.days) == len(_DAYS) else days}"
    arguments = [_NAME, *job.verb, "--home", _MOUNT]
    folder = "" if job.folder is None else f"              workingDir: {_MOUNT}\n"
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
{folder}              volumeMounts:
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
