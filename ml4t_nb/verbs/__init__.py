"""The verbs: typed functions whose signatures are the only declaration of their options."""

from ml4t_nb.verbs.change import load, remove, update
from ml4t_nb.verbs.draw import plot
from ml4t_nb.verbs.look import health, list_, providers
from ml4t_nb.verbs.mend import gaps
from ml4t_nb.verbs.read import bars, export, files

__all__ = [
    "bars",
    "export",
    "files",
    "gaps",
    "health",
    "list_",
    "load",
    "plot",
    "providers",
    "remove",
    "update",
]
