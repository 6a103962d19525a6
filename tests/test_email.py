"""What is special about mail: the wire, TLS, and what each fault of a server means."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from email.policy import default as parsed
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerting.errors import DeliveryError
from alerting.model import Message
from notifiers.email import Notifier
from tests.messages import mail_message
from tests.servers import CLOSE, SILENCE, MailServer, ScriptedMailServer, free_port, mail_server, scripted_mail_server

SENDER = "Practice alerts <alerts@exampleshire.gov.uk>"


def receiver(server: MailServer | ScriptedMailServer, **changes: Any) -> Notifier:
    usual = {"type": "email", "host": "127.0.0.1", "port": server.port, "from": SENDER, "helo": "host.exampleshire.gov.uk"}
    if isinstance(server, ScriptedMailServer):
        usual |= {"security": "none", "timeout_s": 0.3, "after_dot_timeout_s": 0.3}
    else:
        usual |= {"ca_file": server.ca_file, "timeout_s": 5}
    return Notifier.model_validate(usual | changes)


def not_handed_over() -> None:
    pytest.fail("the message was handed over")


def say_nothing() -> None:
    """Take the news of the hand-over."""


@pytest.fixture
def relay(tmp_path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as server:
        yield server


@pytest.fixture
def send() -> Callable[..., tuple[DeliveryError, bool]]:
    """Send to a server that answers as told, and give the error and whether the message had been handed over."""

    def attempt(**answers: Any) -> tuple[DeliveryError, bool]:
        told: list[bool] = []
        with scripted_mail_server(**answers) as server:
            notifier = receiver(server)
            with pytest.raises(DeliveryError) as caught:
                notifier.send(mail_message(), lambda: told.append(True))
            notifier.close()
        return caught.value, bool(told)

    return attempt


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
    return message_from_bytes(notifier._written(message, str(message.to_address)), policy=parsed)


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
    monkeypatch.setattr("notifiers.email._QUIT_TIMEOUT_S", 0.2)
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


# What each fault means


@pytest.mark.parametrize(
    ("answers", "passing", "about"),
    [
        ({"greeting": "421 4.3.2 too busy"}, True, "line"),
        ({"greeting": CLOSE}, True, "line"),
        ({"greeting": SILENCE}, True, "line"),
        ({"greeting": "554 5.3.2 no mail here"}, False, "line"),
        ({"EHLO": CLOSE}, True, "line"),
        ({"EHLO": "550 who are you", "HELO": "550 who are you"}, False, "line"),
        ({"MAIL": "452 4.3.1 disk full"}, True, "message"),
        ({"MAIL": "421 4.3.2 shutting down"}, True, "line"),
        ({"MAIL": "550 5.7.1 not allowed to send"}, False, "sender"),
        ({"MAIL": "550 5.1.8 bad sender"}, False, "sender"),
        ({"MAIL": "552 5.3.4 too large"}, False, "sender"),
        ({"MAIL": CLOSE}, True, "line"),
        ({"RCPT": "450 4.2.1 grey-listed"}, True, "message"),
        ({"RCPT": "452 4.2.2 mailbox full"}, True, "message"),
        ({"RCPT": "550 5.1.1 no such user"}, False, "address"),
        ({"RCPT": "550 5.4.1 Recipient address rejected: Access denied."}, False, "address"),
        ({"RCPT": "552 5.2.2 mailbox full"}, False, "address"),
        ({"RCPT": "553 mailbox name not allowed"}, False, "address"),
        ({"RCPT": "550 5.7.1 relaying denied"}, False, "sender"),
        ({"RCPT": "554 5.1.8 sender rejected"}, False, "sender"),
        ({"RCPT": SILENCE}, True, "line"),
        ({"DATA": "451 4.3.0 not now"}, True, "message"),
        ({"DATA": "554 5.5.1 no valid recipients"}, False, "sender"),
        ({"DATA": CLOSE}, True, "line"),
        ({"body": CLOSE}, True, "line"),
        ({"DATA": "354 go ahead\r\n421 4.3.0 shutting down"}, True, "line"),
        ({"MAIL": "nonsense"}, True, "message"),
    ],
    ids=lambda value: "-".join(f"{step} {answer[:9]}" for step, answer in value.items()) if isinstance(value, dict) else None,
)
def test_before_the_final_dot_nothing_can_have_arrived(send, answers, passing, about):
    error, handed_over = send(**answers)

    assert (error.passing, error.about, error.ambiguous, handed_over) == (passing, about, False, False)


@pytest.mark.parametrize(
    ("dot", "passing", "about"),
    [
        ("451 4.3.0 try again later", True, "message"),
        ("421 4.3.2 shutting down", True, "line"),
        ("554 5.7.1 looks like spam", False, "sender"),
        ("552 5.3.4 too large", False, "sender"),
    ],
)
def test_an_answer_to_the_final_dot_is_clear(send, dot, passing, about):
    error, handed_over = send(dot=dot)

    assert (error.passing, error.about, error.ambiguous, handed_over) == (passing, about, False, True)


@pytest.mark.parametrize("dot", [CLOSE, SILENCE, "nonsense", "250"[:2]])
def test_without_an_answer_to_the_final_dot_the_message_may_have_arrived(send, dot):
    error, handed_over = send(dot=dot)

    assert (error.passing, error.ambiguous, handed_over) == (True, True, True)


@pytest.mark.parametrize(
    ("host", "reason"), [("127.0.0.1", "nothing answers at this port"), ("relay.invalid", "its name is not known")]
)
def test_a_server_that_cannot_be_reached_may_come_back(host, reason):
    notifier = Notifier.model_validate({"host": host, "port": free_port(), "from": SENDER})

    with pytest.raises(DeliveryError, match=f"cannot be reached: {reason}") as caught:
        notifier.send(mail_message(), not_handed_over)

    assert (caught.value.passing, caught.value.ambiguous, caught.value.about) == (True, False, "line")


def test_a_certificate_that_is_not_trusted_waits_for_a_person(relay):
    notifier = receiver(relay, ca_file=None)

    with pytest.raises(DeliveryError, match="certificate is not to be trusted") as caught:
        notifier.send(mail_message(), not_handed_over)

    assert (caught.value.passing, caught.value.ambiguous, caught.value.about) == (False, False, "line")
    assert "set ca_file" in caught.value.remedy
    assert relay.taken == []


def test_a_certificate_for_another_host_is_not_trusted(relay):
    notifier = receiver(relay, host="localhost")

    with pytest.raises(DeliveryError, match="certificate is not to be trusted"):
        notifier.send(mail_message(), not_handed_over)


def test_a_server_without_starttls_gets_nothing_in_plain_text():
    with scripted_mail_server() as server:
        notifier = receiver(server, security="starttls")
        with pytest.raises(DeliveryError, match="nothing is sent without") as caught:
            notifier.send(mail_message(), not_handed_over)

    assert (caught.value.passing, caught.value.about) == (False, "line")
    assert "MAIL" not in server.steps


def test_tls_at_a_plain_port_waits_for_a_person():
    with scripted_mail_server() as server:
        notifier = receiver(server, security="tls")
        with pytest.raises(DeliveryError, match="no TLS could be agreed") as caught:
            notifier.send(mail_message(), not_handed_over)

    assert not caught.value.passing


def test_a_sign_in_that_is_refused_waits_for_a_person_and_shows_no_password(tmp_path):
    with mail_server(tmp_path, user="alerts", password="right-made-up") as server:
        notifier = receiver(server, user="alerts", password="wrong-made-up")
        with pytest.raises(DeliveryError, match="the sign-in was refused: 535") as caught:
            notifier.send(mail_message(), not_handed_over)

    assert (caught.value.passing, caught.value.about) == (False, "line")
    assert "relay" in caught.value.remedy
    assert "made-up" not in f"{caught.value!r}{caught.value}{notifier!r}{notifier.model_dump_json()}"


def test_a_sign_in_where_none_is_offered_waits_for_a_person(relay):
    notifier = receiver(relay, user="alerts", password="made-up")

    with pytest.raises(DeliveryError, match="no way of signing in") as caught:
        notifier.send(mail_message(), not_handed_over)

    assert not caught.value.passing


def test_a_retired_way_of_signing_in_is_named(send):
    error, _ = send(MAIL="550 5.7.30 Basic authentication is not supported for Client Submission.")

    assert "no longer takes a user and a password" in error.remedy


def test_a_file_of_trusted_certificates_that_is_missing_is_named(relay, tmp_path):
    notifier = receiver(relay, ca_file=tmp_path / "gone.pem")

    with pytest.raises(DeliveryError, match=r"gone\.pem: the file of trusted certificates cannot be read") as caught:
        notifier.send(mail_message(), not_handed_over)

    assert not caught.value.passing
    assert any("ca_file" in problem for problem in notifier.check())


# What is kept out


def test_an_answer_is_short_printable_and_without_addresses(send):
    error, _ = send(RCPT="550 5.1.1 <aoife.brennan@exampleshire.gov.uk>: \x1b[31m unknown " + "x" * 400)

    assert str(error.problem).startswith("the address was refused: 550 5.1.1 <(somebody)@exampleshire.gov.uk>: [31m unknown")
    assert "aoife" not in str(error)
    assert len(error.problem) < 230


@pytest.mark.parametrize(
    "address", [None, "", "no address", "a@b@c.gov.uk", "x@y.gov.uk\r\nRCPT TO:<z@evil.example>", "zoë@x.gov.uk"]
)
def test_an_address_that_cannot_be_used_is_told_before_connecting(address):
    notifier = Notifier.model_validate({"host": "127.0.0.1", "port": free_port(), "from": SENDER})

    with pytest.raises(DeliveryError, match="mail address") as caught:
        notifier.send(mail_message(to_address=address), not_handed_over)

    assert not caught.value.passing


def test_mail_goes_only_to_the_domains_that_are_allowed():
    with scripted_mail_server() as server:
        notifier = receiver(server, domains=["@Exampleshire.gov.uk"])
        with pytest.raises(DeliveryError, match=r"mail may not go to sub\.exampleshire\.gov\.uk") as caught:
            notifier.send(mail_message(to_address="somebody@sub.exampleshire.gov.uk"), not_handed_over)
        assert server.lines == 0

        notifier.send(mail_message(to_address="Somebody@EXAMPLESHIRE.gov.uk"), say_nothing)
        notifier.close()

    assert not caught.value.passing
    assert "somebody" not in str(caught.value)


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
    ],
)
def test_settings_that_are_unwise_are_told(changes, problem):
    notifier = Notifier.model_validate({"host": "relay.exampleshire.gov.uk", "from": SENDER} | changes)

    [told] = notifier.check()

    assert problem in told
