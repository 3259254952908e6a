"""Messages to real receivers, and to those that are dead, wrong or unsafe."""

from __future__ import annotations

import logging
import subprocess
import sys
from time import monotonic

import pytest

from ml4t_nb.targets.sending import Message, refusal, send, shown_url
from ml4t_nb.targets.settings import NotifyTarget
from tests.receivers import dead_port, mailbox, refusing, webhook

SECRET = "s3cr3t"  # noqa: S105  # that nobody may show
BODY = "Store /srv/bars\n\n1 failed\n  AAPL: <no reply> & no bars\n"


def sent(*urls: str) -> list[str]:
    """Why messages to these URLs did not arrive, sent at once."""
    targets = [NotifyTarget(f"target {number}", url) for number, url in enumerate(urls)]
    return send([Message(each, "ml4t-data: AAPL failed", BODY) for each in targets])


def test_a_webhook_receives_title_and_body_as_they_are() -> None:
    with webhook() as hook:
        assert sent(hook.url) == [""]

    (message,) = hook.taken
    assert message["title"] == "ml4t-data: AAPL failed"
    assert message["message"] == BODY.rstrip()


def test_a_mail_has_the_title_as_its_subject_and_the_text_unharmed() -> None:
    with mailbox() as box:
        assert sent(box.url()) == [""]

    (mail,) = box.mails
    assert mail["Subject"] == "ml4t-data: AAPL failed"
    assert mail["To"] == "you@example.org"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().split() == BODY.split()


def test_a_password_goes_unencrypted_to_this_machine_alone() -> None:
    with mailbox() as box:
        assert sent(box.url(f"me:{SECRET}@")) == [""]
    assert box.passwords == [SECRET]

    for url in (
        f"mailto://me:{SECRET}@example.org",
        f"MAILTO://me:{SECRET}@example.org?smtp=mail.example.org",
        f"mailto://example.org?user=me@example.org&pass={SECRET}",
        f"mailto://me:{SECRET}@localhost.example.org",
        f"mailto://me:{SECRET}@gmail.com",
        f"mailtos://me:{SECRET}@example.org?mode=insecure",
    ):
        assert "write mailtos://" in refusal(NotifyTarget("mail", url)), url
    for url in (f"mailtos://me:{SECRET}@example.org", "mailto://example.org?from=me@example.org"):
        assert refusal(NotifyTarget("mail", url)) == "", url


@pytest.mark.parametrize(
    "url",
    [
        "",
        " ",
        SECRET,
        f"{SECRET}://x",
        f"jsn://{SECRET}.org",
        f"https://{SECRET}.org:port",
        f"json://[{SECRET}",
        f"slack://{SECRET}",
        f"mailto://{SECRET}",
        f"tgram://{SECRET}",
        f"json://\0{SECRET}",
    ],
)
def test_a_url_that_apprise_does_not_know_is_refused_without_a_word_of_it(
    url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(1):
        why = refusal(NotifyTarget("mail", url))
        (error,) = sent(url)

    assert why == error == "apprise does not know what to do with its URL"
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_what_others_log_or_print_while_a_message_is_sent_has_no_secret(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(1), webhook() as hook, mailbox() as box:
        urls = [hook.url, box.url(f"me:{SECRET}@"), f"json://127.0.0.1:{refusing()}/{SECRET}"]
        assert sent(*urls) == ["", "", "the message was not taken"]
        hook.status = 500
        assert sent(hook.url) == ["the message was not taken"]
        assert SECRET not in caplog.text
        logging.getLogger("apprise").warning("of a program that uses it, too")
    assert "of a program that uses it, too" in caplog.text
    assert SECRET not in "".join(capfd.readouterr())


def test_a_target_shows_no_part_of_its_url_but_the_kind() -> None:
    target = NotifyTarget("mail", f"mailtos://me:{SECRET}@example.org")

    assert SECRET not in repr(target)
    assert shown_url(target) == "mailtos://…"
    assert [shown_url(NotifyTarget("mail", url)) for url in (SECRET, f"{SECRET}://x")] == ["…", "…"]


def test_dead_targets_cost_two_seconds_in_all_and_keep_nothing_from_the_others() -> None:
    with dead_port() as port, webhook() as hook:
        dead = [f"json://127.0.0.1:{port}/{number}" for number in range(5)]
        dead += [f"mailto://127.0.0.1:{port}?from=a@example.org", f"json://127.0.0.1:{refusing()}"]
        began = monotonic()
        errors = sent(*dead, hook.url)
        took_s = monotonic() - began

    assert errors[-1] == ""
    assert all(each for each in errors[:-1])
    assert len(hook.taken) == 1
    # One after the other they would take more than seven.
    assert took_s < 6


def test_a_url_may_give_its_target_more_time() -> None:
    with dead_port() as port:
        began = monotonic()
        assert sent(f"json://127.0.0.1:{port}?cto=1&rto=3")[0]
        assert monotonic() - began > 2.9


def test_a_process_ends_although_a_message_is_still_on_its_way() -> None:
    program = (
        "from ml4t_nb.targets import sending\n"
        "from ml4t_nb.targets.settings import NotifyTarget\n"
        "import sys\n"
        "sending._patience_s = lambda url: 0.01\n"
        "print(sending.send([sending.Message(NotifyTarget('hook', sys.argv[1]), 'a', 'b')]))"
    )
    with dead_port() as port:
        done = subprocess.run(
            [sys.executable, "-c", program, f"json://127.0.0.1:{port}?rto=600"],
            capture_output=True,
            text=True,
            check=True,
        )

    assert done.stdout == "['no answer within 0.01 s']\n"
    assert done.stderr == ""
