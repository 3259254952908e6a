"""Commands that serve a page or requests: what is wrong is said before anything starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ml4t_nb.cli import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("panel laod", "did you mean 'load'?"),
        ("panel health AAPL", "panel health takes no symbol, but got 'AAPL'"),
        ("panel gaps --with sample", "panel gaps compares nothing"),
        ("panel --port 70000", "70000 is no port"),
        ("panel --as-of soon", "soon"),
        ("serve --port 70000", "--port: 70000 is no port"),
        ("serve --ip localhost.", "--ip: 'localhost.' is no address (such as 127.0.0.1"),
        ("serve --ip 192.0.2.1", "192.0.2.1 is no address of this machine"),
        ("serve --as-of soon", "'soon' is not a valid date or time"),
        ("serve AAPL", "serve takes no symbol, but got 'AAPL'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_starts(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = ["--no-browser"] if words.startswith("panel") else []

    assert main([*words.split(), *browser]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


@pytest.mark.parametrize(
    ("words", "package", "extra"),
    [("panel --no-browser", "voila", "panel"), ("serve --port 0", "jupyter_server", "server")],
)
def test_where_a_package_is_missing_the_line_that_installs_it_is_said(
    words: str, package: str, extra: str
) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        f"from ml4t_nb.cli import main; sys.exit(main({words.split()}))"
    )
    line = [sys.executable, "-c", script]

    done = subprocess.run(line, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"ml4t-data: {words.split(maxsplit=1)[0]} needs {package}, which is not installed "
        f"(pip install 'ml4t-nb[{extra}]')\n"
    )
