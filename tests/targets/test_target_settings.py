"""The targets that ``[notify]`` of a store's settings names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ml4t_nb.errors import SettingsInvalid
from ml4t_nb.notice import NoticeState
from ml4t_nb.settings_file import SettingsTable
from ml4t_nb.store_settings import StoreSettings
from ml4t_nb.targets.settings import NotifyTarget, read_targets
from tests.docs.pages import ROOT, blocks

SECRET = "mailtos://me:s3cr3t@example.org"  # noqa: S105
EVERY: tuple[NoticeState, ...] = (
    "failed", "vanishing", "late", "suspect", "restated", "recovered",
)  # fmt: skip


def read(text: str, **environ: str) -> tuple[NotifyTarget, ...]:
    whole = f"[notify]\n{text}"
    file = SettingsTable(Path("ml4t.toml"), tomllib.loads(whole), text=whole)
    return read_targets(file.table("notify"), environ)


def test_a_target_is_a_url_or_a_variable_that_holds_one() -> None:
    text = f'mail = "{SECRET}"\nhook = "$HOOK"\nchat = "${{CHAT}}"\n"team chat" = "json://a"'

    assert read(text, HOOK="json://here", CHAT=" json://there\n") == (
        NotifyTarget("mail", SECRET, EVERY),
        NotifyTarget("hook", "json://here", EVERY),
        NotifyTarget("chat", "json://there", EVERY),
        NotifyTarget("team chat", "json://a", EVERY),
    )


def test_states_are_named_for_all_targets_or_for_one() -> None:
    text = 'on = ["restated", "failed"]\nmail = "a://b"\n[notify.hook]\nurl = "$H"\non = ["late"]'

    assert [(each.name, each.url, each.on) for each in read(text, H="json://here")] == [
        ("mail", "a://b", ("failed", "restated")),
        ("hook", "json://here", ("late",)),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('mail = "$MAIL"', "line 2, [notify]: mail: $MAIL is not set (set MAIL where the run"),
        ("mail = 3", "line 2, [notify]: mail needs one URL, or the name of a variable"),
        (f'mail = ["{SECRET}", "{SECRET}"]', "line 2, [notify]: mail needs one URL"),
        ('mail = ""', "line 2, [notify]: mail needs one URL"),
        ('[notify.mail]\non = ["late"]', "line 3, [notify.mail]: mail needs one URL"),
        (f"[notify.mail]\nurl = ['{SECRET}']", "line 4, [notify.mail]: mail needs one URL"),
    ],
)
def test_a_target_without_a_url_says_so_and_the_others_are_told(text: str, error: str) -> None:
    hook, mail = read(f'hook = "json://a"\n{text}')

    assert hook.error == ""
    assert error.replace("line 2", "line 3").replace("line 4", "line 4") in mail.error
    assert "s3cr3t" not in mail.error


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('on = ["fail"]', "line 2, [notify]: unknown state 'fail'", "did you mean 'failed'?"),
        ('on = "failed"', "line 2, [notify]: on must be a list of states", "choose from failed,"),
        ("on = []", "line 2, [notify]: on must be a list of states", "choose from failed,"),
        ("on = [[]]", "line 2, [notify]: unknown state []", "choose from failed,"),
        ('mail = {url = "a", urls = "b"}', "unknown setting of a target 'urls'", "'url'"),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, message: str, hint: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read(text)

    assert message in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize("text", [f'notify = "{SECRET}"', f'notify = ["{SECRET}"]'])
def test_a_url_in_the_place_of_the_table_is_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "ml4t.toml").write_text(text)

    with pytest.raises(SettingsInvalid, match="notify must be a table, not a ") as refused:
        StoreSettings.read(tmp_path)

    assert "s3cr3t" not in str(refused.value)


def test_the_example_of_the_page_can_be_used() -> None:
    page = ROOT / "docs" / "howto" / "notify.md"
    (example,) = (each.text for each in blocks(page) if each.language == "toml")

    targets = read(
        example.removeprefix("[notify]\n"), ML4T_MAIL="mailtos://a", ML4T_SLACK="slack://b"
    )

    assert [(each.name, each.on) for each in targets] == [
        ("mail", ("failed", "vanishing", "late", "recovered")),
        ("log", ("failed", "vanishing", "late", "recovered")),
        ("team", ("failed", "suspect", "restated")),
    ]
