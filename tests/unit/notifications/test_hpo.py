"""The notifier, with real ones behind it that talk to a server on this machine."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import DAG, BaseNotifier
from structlog.testing import capture_logs

from airflow_hpo.exceptions import DeclarationError
from airflow_hpo.notifications.hpo import HpoNotifier
from tests.unit.notifications.test_message import COMPARISON, VERSION, Task
from tests.webhook import Webhook, webhook

KEPT = {**COMPARISON, "verdict": "keep", "sentence": "Keep the champion: {{ nobody }} & <others> are worse."}


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A local endpoint that the connection ``slack`` leads to."""
    with webhook() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SLACK", server.connection)
        yield server


class Mail(socketserver.TCPServer):
    """Takes mail as the simplest server does."""

    def __init__(self) -> None:
        self.got: list[str] = []
        super().__init__(("127.0.0.1", 0), _Smtp)


class _Smtp(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                self.server.got.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 fine\r\n")

    def finish(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().finish()


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    """A local mail server that the connection ``mail`` leads to."""
    server = Mail()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.server_address[1], "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(connection))
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Told(BaseNotifier):
    """Keeps what it is told."""

    template_fields = ("text",)

    def __init__(self, text: str, into: list[str]) -> None:
        super().__init__()
        self.text, self.into = text, into

    def notify(self, context: Any) -> None:
        self.into.append(self.text)


class Broken(BaseNotifier):
    """Cannot tell anything."""

    def notify(self, context: Any) -> None:
        raise ConnectionError("nobody is there")


def context(returned: Any) -> dict[str, Any]:
    return {"ti": Task(returned), "dag": DAG("retune"), "run_id": "r1"}


def test_slack_gets_the_message_as_it_is(slack: Webhook) -> None:
    pytest.importorskip("airflow.providers.slack", reason="needs the extra slack")
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    HpoNotifier(SlackWebhookNotifier(slack_webhook_conn_id="slack", text="{{ hpo.text }}"))(context(KEPT))
    text = slack.got[0]["text"]
    assert text.splitlines()[0] == "dispatch/tokyo: keep."
    assert "{{ nobody }} & <others> are worse." in text


def test_a_mail_has_the_headline_as_its_subject_and_the_message_as_its_text(mail: Mail) -> None:
    send = SmtpNotifier(
        smtp_conn_id="mail",
        to="ann@example.com",
        subject="{{ hpo.subject }}",
        html_content="<pre>{{ hpo.text|e }}</pre>",
    )
    HpoNotifier(send)(context(KEPT))
    found = email.message_from_string(mail.got[0], policy=email.policy.default)
    assert (found["Subject"], found["To"]) == ("dispatch/tokyo: keep.", "ann@example.com")
    body = found.get_body(("html",))
    assert body is not None
    assert "&lt;others&gt; are worse." in body.get_content()


def test_without_another_notifier_the_message_is_logged() -> None:
    with capture_logs() as logged:
        HpoNotifier()(context(VERSION))
    assert logged[0]["event"].startswith("Promoted: dispatch/tokyo is version 4 now")


def test_one_notifier_serves_many_tasks() -> None:
    told: list[str] = []
    notifier = HpoNotifier(Told("{{ hpo.event }}: {{ hpo.subject }} ({{ hpo.data.version }})", told))
    for version in (4, 5):
        notifier(context({**VERSION, "version": version}))
    assert [line[-3:] for line in told] == ["(4)", "(5)"]
    assert told[0].startswith("promoted: Promoted: ")


def test_one_that_fails_holds_up_neither_the_others_nor_the_task() -> None:
    told: list[str] = []
    with capture_logs() as logged:
        HpoNotifier([Broken(), Told("{{ hpo.subject }}", told)])(context(KEPT))
    assert told == ["dispatch/tokyo: keep."]
    assert [line["log_level"] for line in logged] == ["info", "error", "error"]
    assert logged[-1]["event"] == "Broken could not send: dispatch/tokyo: keep."


def test_only_the_events_that_are_wanted_are_told() -> None:
    told: list[str] = []
    notifier = HpoNotifier(Told("{{ hpo.event }}", told), events=["promoted"])
    notifier(context(KEPT))
    notifier(context(VERSION))
    assert told == ["promoted"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"event": "promote"}, "got 'promote'. Did you mean 'promoted'?"),
        ({"events": ["xyz"]}, "got 'xyz'. Choose one of finished, failed"),
        ({"via": ["slack"]}, "sent by notifiers, but got 'slack'"),
    ],
    ids=["event", "events", "via"],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        HpoNotifier(**arguments)
