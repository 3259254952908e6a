"""Settings in an environment and in a ``.env`` that others use too."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.settings import Settings, forget_notes


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    forget_notes()


def read(folder: Path | None, **environ: str) -> Settings:
    return Settings.read({"ML4T_DATA_HOME": "/data", **environ}, folder=folder)


def written(folder: Path, content: bytes) -> Path:
    (folder / ".env").write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ML4T_DATA_FILES_BASSIS", "ML4T_DATA_FILES_BASIS"),
        ("ML4T_DATA_HOEM", "ML4T_DATA_HOME"),
        ("ML4T_DATA_ASOF", "ML4T_DATA_AS_OF"),
        ("ml4t_data_provider", "ML4T_DATA_PROVIDER"),
        ("ML4T_DATA_LOG_LEVLE", "ML4T_DATA_LOG_LEVEL"),
    ],
)
def test_a_near_miss_of_a_setting_is_an_error(name: str, meant: str) -> None:
    with pytest.raises(SettingsInvalid, match=name) as caught:
        read(None, **{name: "1"})

    assert caught.value.hint == f"did you mean '{meant}'?"


@pytest.mark.parametrize("name", ["PATH", "API_KEY", "CACHE_DIR", "URL", "S3_BUCKET", ""])
def test_a_setting_of_a_neighbour_is_remarked_on_once(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert read(None, **{f"ML4T_DATA_{name}": "/x"}).home == Path("/data")

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"ML4T_DATA_{name} is not a setting of ml4t_nb" in record.getMessage()


def test_a_quiet_log_level_keeps_the_remark_back(caplog: pytest.LogCaptureFixture) -> None:
    read(None, ML4T_DATA_PATH="/x", ML4T_DATA_LOG_LEVEL="error")

    assert caplog.records == []


@pytest.mark.parametrize(
    ("content", "level"),
    [
        (b"\xef\xbb\xbfML4T_DATA_LOG_LEVEL=DEBUG\n", "DEBUG"),
        (b"A=1\r\nexport ML4T_DATA_LOG_LEVEL='INFO' # ours\r\n", "INFO"),
        (b"LEVEL=INFO\nML4T_DATA_LOG_LEVEL=${LEVEL}\n", "INFO"),
        (b"ML4T Data_LOG_LEVEL=DEBUG\n", "DEBUG"),
        (b'  export ml4t data_log_level = "DEBUG"\n', "DEBUG"),
        (b"this is = not 'a line\n- of ours: {\nML4T_DATA_LOG_LEVEL=DEBUG\n", "DEBUG"),
        ("NAME=Zürich\nML4T_DATA_LOG_LEVEL=DEBUG\n".encode(), "DEBUG"),
    ],
)
def test_a_dotenv_is_read_beside_the_lines_of_others(
    tmp_path: Path, content: bytes, level: str
) -> None:
    assert read(written(tmp_path, content)).log_level == level


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"X=\xff\n", "is not UTF-8"),
        ("ML4T_DATA_LOG_LEVEL=DEBUG".encode("utf-16"), "is not UTF-8"),
        (b"A=1\nML4T_DATA_HOME '/data'\n", "line 2"),
    ],
)
def test_a_dotenv_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says) as caught:
        read(written(tmp_path, content))

    assert str(tmp_path / ".env") in caught.value.message
    assert caught.value.hint


def test_a_dotenv_that_cannot_be_looked_at_is_named(tmp_path: Path) -> None:
    # As for another user's private folder, which no test that runs as root can have.
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read(tmp_path / ("x" * 300))


@pytest.mark.parametrize("kind", ["folder", "none"])
def test_an_environment_s_folder_of_that_name_is_not_a_dotenv(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / ".env" / "bin").mkdir(parents=True)

    assert read(tmp_path).log_level == "WARNING"


def test_settings_take_text_as_the_environment_does() -> None:
    settings = Settings(home="/data", lock_timeout="5", log_level="debug")  # type: ignore[arg-type]

    assert settings.home == Path("/data")
    assert (settings.lock_timeout, settings.log_level) == (5.0, "DEBUG")
