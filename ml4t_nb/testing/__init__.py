"""For the tests of other packages: what a provider keeps to, and bars by hypothesis.

``ml4t_nb.testing`` needs pytest, ``ml4t_nb.testing.strategies`` hypothesis too; both come with
``pip install 'ml4t-nb[testing]'``. Nothing else of the package imports them.
"""

from __future__ import annotations

from ml4t_nb.errors import MissingExtra

try:
    import pytest
except ModuleNotFoundError as error:
    raise MissingExtra(
        "ml4t_nb.testing needs pytest", hint="pip install 'ml4t-nb[testing]'"
    ) from error

# Before it is imported: a test of the contract that fails then shows the values it compared.
pytest.register_assert_rewrite("ml4t_nb.testing.provider")

from ml4t_nb.testing.provider import ProviderContract, request_for, utc  # noqa: E402

__all__ = ["ProviderContract", "request_for", "utc"]
