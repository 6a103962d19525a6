"""What is special about mail: the wire, TLS, lines that are kept open, and the hand-over."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.policy import default as parsed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting.errors import DeliveryError
from alerting.mailboxes import Mailbox
from alerting.model import Message
from notifiers.email import Notifier
from notifiers.email.writing import written
from tests.mailing import SENDER, not_handed_over, receiver, say_nothing
from tests.messages import mail_message
from tests.servers import CLOSE, SILENCE, MailServer, mail_server, scripted_mail_server


@pytest.fixture
def relay(tmp_path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as server:
        yield server


# What arrives


def test_a_mail_arrives_whole_over_tls(relay):
    notifier = receiver(relay, reply_to="performance@exampleshire.gov.uk")

    answer = notifier.send(mail_message(), say_nothing)
    notifier.close()

    [taken] = relay.taken
    assert answer == "250 2.0.0 Ok: queued as 4F1C2"
    assert taken.over_tls
    assert (taken.sender, taken.recipients) == ("alerts@exampleshire.gov.uk", ["aoife.brennan@exampleshire.gov.uk"])
    assert [part.get_content_type() for part in taken.mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert taken.text("plain") == mail_message().text
    assert taken.text("html") == mail_message().html


def test_a_mail_says_that_it_comes_from_a_machine(relay):
    notifier = receiver(relay)

    notifier.send(mail_message(), say_nothing)
    notifier.close()

    headers = {name: str(value) for name, value in relay.taken[0].mail.items() if not name.startswith("Content-")}
    headers.pop("MIME-Version")
    headers.pop("X-Peer", None)
    assert headers == {
        "From": SENDER,
        "To": "Aoife Brennan <aoife.brennan@exampleshire.gov.uk>",
        "Subject": "3 new, 9 open: Children in need North",
        "Date": "Mon, 23 Nov 2026 07:00:00 +0000",
        "Message-ID": "<6f2c9d0e41@alerts.exampleshire.gov.uk>",
        "Reply-To": "alerts@exampleshire.gov.uk",
        "List-Id": "<practice-alerts.exampleshire.gov.uk>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Alert-Purpose": "daily",
    }


def test_a_line_that_starts_with_a_dot_and_words_in_every_script_arrive_as_written(relay):
    text = ".\n..two\n.hidden\nŁukasz, Zoë, Nguyễn, 太郎 – “quoted”\n" + "long " * 400 + "\n"
    notifier = receiver(relay)

    notifier.send(mail_message(text=text, to_name="Zoë Łukasz, ‘Team 太郎’"), say_nothing)
    notifier.close()

    [taken] = relay.taken
    assert taken.text("plain") == text
    assert taken.mail["To"].addresses[0].display_name == "Zoë Łukasz, ‘Team 太郎’"
    assert taken.content.isascii()
    assert max(map(len, taken.content.splitlines())) <= 998


def test_tls_from_the_first_byte_and_a_sign_in(tmp_path):
    with mail_server(tmp_path, security="tls", user="alerts", password="made-up") as server:
        notifier = receiver(server, security="tls", user="alerts", password="made-up")

        notifier.send(mail_message(), say_nothing)
        notifier.close()

    assert server.taken[0].signed_in


def test_a_large_message_does_not_wait_for_the_network_stack(relay):
    notifier = receiver(relay)
    notifier.send(mail_message(), say_nothing)

    [line] = notifier._idle
    assert line.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert line.sock.version() in {"TLSv1.2", "TLSv1.3"}
    notifier.close()


# What a repeat and a hostile name look like


@settings(max_examples=40)
@given(
    date=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(timezone(timedelta(hours=1)))),
    ident=st.from_regex(r"[a-z0-9]{1,120}", fullmatch=True),
)
@pytest.mark.slow
def test_a_repeat_has_the_message_id_and_date_of_the_first(date, ident):
    message_id = f"<{ident}@alerts.exampleshire.gov.uk>"
    first, again = (
        _headers(mail_message(message_id=message_id, date=date, repeated=repeated, text=f"{repeated}"))
        for repeated in (False, True)
    )

    # A long one is folded onto a line of its own, which is not part of it.
    assert first["Message-ID"].strip() == again["Message-ID"].strip() == message_id
    assert first["Date"] == again["Date"]
    assert first["Date"].datetime == date.replace(microsecond=0)


@settings(max_examples=60)
@given(name=st.text(max_size=120), subject=st.text(max_size=200), text=st.text(max_size=300))
def test_no_text_can_add_a_header_or_stop_a_mail_from_being_built(name, subject, text):
    usual = _headers(mail_message())

    mail = _headers(mail_message(to_name=name, subject=subject, text=text, html=text))

    assert mail.keys() == usual.keys()
    assert mail["To"].addresses[0].addr_spec == "aoife.brennan@exampleshire.gov.uk"
    assert len(mail["To"].addresses) == 1


def test_a_line_break_in_a_name_or_subject_becomes_a_space():
    mail = _headers(mail_message(to_name="Sam\r\nBcc: x@evil.example", subject="New\nX-Evil: 1\u2028here"))

    assert mail["To"].addresses[0].display_name == "Sam Bcc: x@evil.example"
    assert mail["Subject"] == "New X-Evil: 1 here"


def _headers(message: Message):
    notifier = Notifier.model_validate({"host": "127.0.0.1", "from": SENDER})
    recipient = Mailbox(name=message.to_name, address=str(message.to_address))
    mail = written(message, sender=notifier._sender, reply_to=notifier._sender, recipient=recipient)
    return message_from_bytes(mail, policy=parsed)


# Lines


def test_one_line_carries_many_messages_and_a_new_one_is_opened_after_so_many(relay):
    notifier = receiver(relay, messages_per_connection=2)

    for _ in range(5):
        notifier.send(mail_message(), say_nothing)
    notifier.close()

    assert [taken.line for taken in relay.taken] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("gone", [CLOSE, "421 4.4.2 idle for too long"])
def test_a_server_that_has_hung_up_between_messages_is_called_again(gone):
    with scripted_mail_server(MAIL=["250 ok", gone, "250 ok"]) as server:
        notifier = receiver(server)

        notifier.send(mail_message(), say_nothing)
        notifier.send(mail_message(), say_nothing)
        notifier.close()

    assert (server.lines, len(server.accepted)) == (2, 2)


def test_a_server_that_goes_on_hanging_up_is_called_again_only_once():
    with scripted_mail_server(MAIL=["250 ok", CLOSE]) as server:
        notifier = receiver(server)
        notifier.send(mail_message(), say_nothing)

        with pytest.raises(DeliveryError) as caught:
            notifier.send(mail_message(), not_handed_over)
        notifier.close()

    assert caught.value.passing
    assert server.lines == 2


def test_a_refusal_leaves_the_next_message_unharmed():
    with scripted_mail_server(RCPT=["550 5.1.1 no such user", "250 ok"]) as server:
        notifier = receiver(server)
        with pytest.raises(DeliveryError):
            notifier.send(mail_message(), not_handed_over)

        notifier.send(mail_message(), say_nothing)
        notifier.close()

    assert len(server.accepted) == 1


def test_threads_send_at_once_each_over_its_own_line(relay):
    notifier = receiver(relay)
    together = threading.Barrier(3)

    def send_one() -> None:
        notifier.send(mail_message(), lambda: (together.wait(5), None)[1])

    threads = [threading.Thread(target=send_one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    notifier.close()

    assert {taken.line for taken in relay.taken} == {1, 2, 3}


@pytest.mark.parametrize("farewell", [CLOSE, SILENCE, "500 what?"])
def test_how_a_server_takes_the_goodbye_changes_nothing(farewell, monkeypatch):
    monkeypatch.setattr("notifiers.email.line._QUIT_TIMEOUT_S", 0.2)
    with scripted_mail_server(QUIT=farewell) as server:
        notifier = receiver(server)
        assert notifier.send(mail_message(), say_nothing).startswith("250")

        notifier.close()

    assert len(server.accepted) == 1


# The hand-over


def test_the_hand_over_is_told_when_all_but_the_final_dot_is_written():
    with scripted_mail_server() as server:
        notifier = receiver(server)
        seen: list[tuple[bool, int]] = []

        notifier.send(mail_message(), lambda: seen.append(("DATA" in server.steps, len(server.received))))
        notifier.close()

    assert seen == [(True, 0)]


def test_a_hand_over_that_may_not_be_leaves_nothing_behind():
    def lease_was_lost() -> None:
        raise RuntimeError

    with scripted_mail_server() as server:
        notifier = receiver(server)
        with pytest.raises(RuntimeError):
            notifier.send(mail_message(), lease_was_lost)
        notifier.close()

    assert server.received == []
    assert "QUIT" not in server.steps


# Settings


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"from": "nobody"}, "not a mail address"),
        ({"from": "A <a@x.gov.uk>\r\nBcc: z@evil.example"}, "not a mail address"),
        ({"host": "relay..gov.uk"}, "should match pattern"),
        ({"user": "alerts"}, "both user and password"),
        ({"user": "alerts", "password": "made-up", "security": "none"}, "over TLS only"),
        ({"security": "opportunistic"}, "'starttls', 'tls' or 'none'"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        Notifier.model_validate({"host": "relay.exampleshire.gov.uk", "from": SENDER} | changes)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"security": "none"}, "plain text"),
        ({"from": "alerts@localhost"}, "not a full domain"),
        ({"ceiling": "detail"}, "behind a sign-in"),
        ({"port": 465}, "set security to tls"),
        ({"domains": []}, "no message can be sent"),
        ({"domains": None}, "domains: [exampleshire.gov.uk]"),
    ],
)
def test_settings_that_are_unwise_are_told(changes, problem):
    usual = {"host": "relay.exampleshire.gov.uk", "from": SENDER, "domains": ["exampleshire.gov.uk"]}
    notifier = Notifier.model_validate(usual | changes)

    [told] = notifier.check()

    assert problem in told
