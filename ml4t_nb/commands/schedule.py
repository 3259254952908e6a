"""``ml4t-data schedule``: what to install so that a store is kept current, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ml4t_nb.errors import OptionError
from ml4t_nb.options import as_folder
from ml4t_nb.verbs.arguments import verb
from ml4t_nb.verbs.parameters import Home

__all__ = ["Schedule", "ScheduleFormat", "schedule"]

ScheduleFormat: TypeAlias = Literal["crontab", "systemd", "k8s"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be printed.

    Parameters
    ----------
    image, claim
        The container's image and the volume claim of the store, for ``k8s``.
    """

    format: ScheduleFormat
    image: str
    claim: str
    home: Path | None


@verb
def schedule(
    *,
    format_: ScheduleFormat = "crontab",
    image: str | None = None,
    claim: str = "ml4t-data",
    home: Home = None,
) -> Schedule:
    """Print what to install so that a scheduler updates what is due, or syncs universes.

    Parameters
    ----------
    format_
        A line for a crontab; a service and a timer for systemd; or a CronJob of Kubernetes for
        each exchange.
    image
        Image of the container in which ``ml4t-data`` is installed, for k8s.
    claim
        Name of the PersistentVolumeClaim that holds the store, for k8s.

    Raises
    ------
    OptionError
        If an image is needed and none is given, or given and not needed.
    """
    if (format_ == "k8s") != (image is not None):
        what = "needs an image" if image is None else "takes no image"
        raise OptionError(
            f"schedule --format {format_} {what}",
            hint="such as --format k8s --image registry.example.org/ml4t-data:1.0",
        )
    folder = None if home is None else as_folder(home, option="--home")
    return Schedule(format_, image or "", claim, folder)
