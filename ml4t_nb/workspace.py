"""What a verb works with: the store, the providers, the clock, an observer, the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from ml4t_nb.errors import CalendarUnknown, StoreNotFound
from ml4t_nb.events import Observer, silent
from ml4t_nb.interruption import waiting
from ml4t_nb.model import SessionOverride
from ml4t_nb.options import Moment, as_folder, as_moment
from ml4t_nb.settings import Settings, default_home
from ml4t_nb.store_settings import StoreSettings

if TYPE_CHECKING:
    from ml4t_nb.providers import Limits, Provider
    from ml4t_nb.storage.past_store import VersionChoice
    from ml4t_nb.storage.store import Store

__all__ = ["Clock", "Workspace", "utc_now"]

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock, in UTC; nothing else in the package asks it."""
    return datetime.now(UTC)  # noqa: TID251  # the one place


@dataclass(frozen=True)
class Workspace:
    """A store and everything around it.

    Parameters
    ----------
    clock
        Asked once by each verb, where the settings do not pretend another time.
    observer
        Told what happens, in the thread that called the verb.
    cancel
        Set to end the running verb, whatever a provider is doing; what is committed stays.
    choose
        The versions of datasets that are read, if not those in force.
    """

    settings: Settings = field(default_factory=Settings.current)
    clock: Clock = utc_now
    observer: Observer = silent
    cancel: Flag = field(default_factory=Flag)
    choose: VersionChoice | None = None
    _opened: dict[str, Provider] = field(default_factory=dict, repr=False)
    _opening: Lock = field(default_factory=Lock, repr=False)

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        observer: Observer = silent,
        cancel: Flag | None = None,
    ) -> Workspace:
        """A workspace by ``settings``, those of the process if none are given; touches no disk."""
        settings = Settings.current() if settings is None else settings
        return cls(settings, observer=observer, cancel=cancel or Flag())

    def at(self, home: Path | str | None) -> Workspace:
        """The same workspace, with its store in another folder if one is given."""
        if home is None:
            return self
        settings = replace(self.settings, home=as_folder(home, option="--home"))
        return Workspace(settings, self.clock, self.observer, self.cancel, self.choose)

    def require_home(self) -> None:
        """Raise unless the store's folder is there, or it was not named explicitly.

        Raises
        ------
        StoreNotFound
            If ``--home`` or ML4T_DATA_HOME names a folder that is not there, or one of backups.
        """
        home = self.settings.home
        if home.is_dir() and not (home / "state").is_dir():
            from ml4t_nb.storage.backup_file import backups_in

            if found := backups_in(home):
                raise StoreNotFound(
                    f"{home} is no store, but holds backups of one",
                    hint=f"name one of them, such as {found[0]}",
                )
        if home.is_dir() or home == default_home():
            return
        raise StoreNotFound(
            f"there is no store at {home}: {_why_not(home)}",
            hint="check the path, and that its disk is mounted; a first load creates the folder",
        )

    def resolve_as_of(self, as_of: Moment | None) -> datetime | date:
        """The run's as-of: what is given, else the setting, else the clock."""
        given = as_moment(as_of, option="--as-of")
        return given or self.settings.as_of or self.clock()

    @property
    def closures(self) -> tuple[SessionOverride, ...]:
        """Days on which a calendar is wrong: those of the environment, then of the store's file.

        Of a day that both name, the environment's holds.

        Raises
        ------
        SettingsInvalid
            If the file is wrong, or names a calendar that does not exist.
        """
        own, settings = self.settings.closures, StoreSettings.read(self.settings.home)
        if not settings.closures:
            return own
        known = {(each.calendar.upper(), each.day) for each in own}
        found = (_canonical(each, settings) for each in settings.overrides())
        added = (each for each in found if (each.calendar.upper(), each.day) not in known)
        return tuple(sorted({*own, *added}))

    @cached_property
    def store(self) -> Store:
        """The store in the settings' home; sessions of calendars are kept beside it from now on."""
        from ml4t_nb.calendars import keep_sessions_in

        keep_sessions_in(self.settings.home)
        store = _store_at(self.settings.home.absolute(), self.settings.lock_timeout)
        store.look_for_archive_in(self.settings.archive)
        if self.choose is None:
            return store
        from ml4t_nb.storage.past_store import PastStore

        return PastStore(store, self.choose)

    def reading(self, choose: VersionChoice) -> Workspace:
        """The same workspace, with its store as it was: nothing can be written to that."""
        return replace(self, choose=choose)

    def sweep(self) -> None:
        """Remove from the store what nobody needs any more: files, and past versions.

        Raises
        ------
        SettingsInvalid
            If ``[retention]`` of the store's file is wrong.
        """
        self.store.sweep(StoreSettings.read(self.settings.home).kept_versions())

    def flush(self) -> None:
        """Write what later processes can use: summaries, and sessions of calendars."""
        from ml4t_nb.calendars import save_sessions

        self.store.flush()
        save_sessions()

    def provider(self, name: str) -> Provider:
        """The provider of that name, opened once."""
        from ml4t_nb.providers import open_provider

        with waiting(), self._opening:
            if name not in self._opened:
                self._opened[name] = open_provider(name, self.settings)
            return self._opened[name]

    def limits(self, name: str) -> Limits:
        """What the provider of that name serves, which needs no provider to be opened."""
        from ml4t_nb.providers import limits_of

        with self._opening:
            opened = self._opened.get(name)
        return opened.limits if opened else limits_of(name, self.settings)


@lru_cache(maxsize=4)
def _store_at(home: Path, lock_timeout_s: float) -> Store:
    """One store for all workspaces of the process: each call of a verb opens a new workspace.

    What one call has read of the catalogue and of names is right or known to be old at the next.
    """
    from ml4t_nb.storage.store import Store

    return Store(home, lock_timeout_s=lock_timeout_s)


def _canonical(override: SessionOverride, settings: StoreSettings) -> SessionOverride:
    """The day under the one name of its calendar."""
    from ml4t_nb.calendars import calendar

    name = override.calendar
    try:
        return replace(override, calendar=calendar(name).name)
    except CalendarUnknown as error:
        raise settings.closures.error(name, error.message, error.advice) from error


def _why_not(home: Path) -> str:
    if home.is_symlink():
        return "it is a broken link"
    return "it is not a folder" if home.exists() else "the folder does not exist"
