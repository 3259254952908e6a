"""The oldest and the newest releases that the tests run with, as constraints of pip.

``floors.txt`` is written from ``pyproject.toml`` by ``python -m tests.constraints.floors``;
``newest.txt`` says by hand what an environment of the newest releases must have at least.
"""
