"""What each fault of a mail server means, and what no error says."""

from __future__ import annotations

import base64
import smtplib
import string
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alerting.errors import DeliveryError
from notifiers.email import Notifier
from notifiers.email.line import Line
from tests.mailing import SENDER, not_handed_over, receiver, say_nothing
from tests.messages import mail_message
from tests.servers import CLOSE, SILENCE, MailServer, closed_port, mail_server, scripted_mail_server


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
    notifier = Notifier.model_validate({"host": host, "port": closed_port(), "from": SENDER})

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


@pytest.mark.parametrize(
    ("answers", "passing", "ambiguous"),
    [
        ({"RCPT": "451-" + "x" * 9000 + "\r\n451 4.7.1 try later"}, True, False),
        ({"RCPT": "450 " + "é太" * 3000}, True, False),
        ({"RCPT": "451-one\r\n451-two\r\n451-" + "\r\n451-".join(map(str, range(400))) + "\r\n451 end"}, True, False),
        ({"RCPT": "450-no end\r\n" * 8000}, True, False),
        ({"RCPT": "4511 what is this"}, True, False),
        ({"RCPT": "451"}, True, False),
        ({"dot": "452 " + "x" * 20_000}, True, False),
        ({"dot": "250-" + "x" * 80_000}, True, True),
        ({"MAIL": "421-" + "x" * 9000 + "\r\n421 later"}, True, False),
    ],
    ids=lambda value: "-".join(f"{step} {answer[:9]}" for step, answer in value.items()) if isinstance(value, dict) else None,
)
def test_what_a_busy_server_says_may_be_of_any_kind_and_length_and_passes(send, answers, passing, ambiguous):
    error, _ = send(**answers)

    assert (error.passing, error.ambiguous) == (passing, ambiguous)
    assert len(error.problem) < 230


def test_a_message_that_was_taken_with_a_very_long_answer_was_taken():
    with scripted_mail_server(dot="250-" + "x" * 9000 + "\r\n250 2.0.0 Ok") as server:
        notifier = receiver(server)
        answer = notifier.send(mail_message(), say_nothing)
        notifier.send(mail_message(), say_nothing)
        notifier.close()

    assert answer.startswith("250 xxx")
    assert (len(server.accepted), server.lines) == (2, 1)


@pytest.mark.parametrize("ways", [["PLAIN"], ["LOGIN"]])
@pytest.mark.parametrize("password", ["geheim-é-太", "pässword\u2019s", "\udce9-made-up", 'a"b\\c %s', "x" * 300])
def test_a_password_in_any_script_signs_in(tmp_path, ways, password):
    others = [way for way in ("PLAIN", "LOGIN") if way not in ways]
    with mail_server(tmp_path, user="zoë", password=password, without=others) as server:
        notifier = receiver(server, user="zoë", password=password)
        notifier.send(mail_message(), say_nothing)
        notifier.close()

        assert server.taken[0].signed_in
        with pytest.raises(DeliveryError, match="the sign-in was refused: 535") as caught:
            receiver(server, user="zoë", password=f"{password}x").send(mail_message(), not_handed_over)

    assert caught.value.about == "line"
    assert not any(letter in "".join(traceback.format_exception(caught.value)) for letter in {*password} - {*string.printable})


def test_a_sign_in_by_challenge_is_answered_in_utf_8():
    asked = base64.b64encode(b"<1@relay>").decode()
    said: list[str] = []

    def answer(line: str) -> str:
        said.append(line.strip())
        return f"334 {asked}"

    with scripted_mail_server(EHLO="250-relay\r\n250 AUTH CRAM-MD5", AUTH=answer) as server:
        line = Line("127.0.0.1", server.port, "here", 1, None)
        line.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            line.sign_in("zoë", "é")
        line.close()

    assert said == ["AUTH CRAM-MD5"]
    [step] = [step for step in server.steps if step not in {"greeting", "EHLO", "AUTH"}]
    assert step == base64.b64encode("zoë".encode())[:4].decode().upper()


# What is kept out


def test_an_answer_is_short_printable_and_without_addresses(send):
    error, _ = send(RCPT="550 5.1.1 <aoife.brennan@exampleshire.gov.uk>: \x1b[31m unknown " + "x" * 400)

    assert str(error.problem).startswith("the address was refused: 550 5.1.1 <(somebody)@exampleshire.gov.uk>: [31m unknown")
    assert "aoife" not in str(error)
    assert len(error.problem) < 230


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "no address",
        "a@b@c.gov.uk",
        "x@y.gov.uk\r\nRCPT TO:<z@evil.example>",
        "zoë@x.gov.uk",
        "a..b@x.gov.uk",
        "a.@x.gov.uk",
    ],
)
def test_an_address_that_cannot_be_used_is_told_before_connecting(address):
    notifier = Notifier.model_validate({"host": "127.0.0.1", "port": closed_port(), "from": SENDER})

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
