"""A store, settings and a shell of each test alone."""

from tests.fresh_shell import home, notebook, shell

__all__ = ["home", "notebook", "shell"]
