"""A mail from the folder of bounces: which message could not be delivered, to whom and why, or that it tells of nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting.delivery import bounce_reports
from alerting.delivery.bounce_reports import Failure, NoFailureError, failures
from tests.bounced_mails import OURS, OUT_OF_OFFICE, READ_RECEIPT, bounce, exchange


def reason(content: bytes) -> str:
    with pytest.raises(NoFailureError) as caught:
        failures(content)
    return caught.value.reason


def test_postfix_says_which_message_for_whom_and_why() -> None:
    assert failures(bounce()) == [
        Failure(
            message_ids=(OURS,),
            recipients=("m1@example.gov.uk", "m1@example.gov.uk"),
            status="5.1.1",
            answer="bounced: 550 5.1.1 <(somebody)@example.gov.uk>: Recipient address rejected: User unknown in virtual mailbox table",
        )
    ]


def test_exchange_says_so_in_any_language() -> None:
    assert failures(exchange()) == [
        Failure(
            message_ids=(OURS,),
            recipients=("m1@example.gov.uk",),
            status="5.1.10",
            answer="bounced: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient (somebody)@example.gov.uk not found by SMTP address lookup",
        )
    ]


def test_a_report_that_returns_nothing_of_the_message_says_which_it_answers() -> None:
    without = exchange().split(b"--de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3\r\nContent-Type: message/rfc822")[0]
    [failure] = failures(without + b"--de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3--\r\n")

    assert failure.message_ids == (OURS,)


def test_a_report_for_addresses_beyond_ascii_is_one_too() -> None:
    content = bounce().replace(b"message/delivery-status", b"message/global-delivery-status").replace(b"rfc822;", b"utf-8;")
    content = content.replace(b"text/rfc822-headers", b"message/global-headers")
    [failure] = failures(content)

    assert (failure.message_ids, failure.recipients[0], failure.status) == ((OURS,), "m1@example.gov.uk", "5.1.1")


def test_a_report_that_a_gateway_wrapped_is_read() -> None:
    head, _, body = bounce().partition(b"Content-Type: multipart/report;")
    wrapped = head + b"Content-Type: multipart/mixed; boundary=w\n\n--w\nContent-Type: multipart/report;" + body + b"\n--w--\n"

    assert [failure.message_ids for failure in failures(wrapped)] == [(OURS,)]


@pytest.mark.parametrize(
    ("status", "of_the_address"),
    [
        ("5.1.1", True), ("5.1.10", True), ("5.2.1", True), ("5.4.1", True), ("5.0.0", True), ("4.2.2", True),
        ("5.1.8", False), ("5.7.1", False), ("5.3.4", False), ("5.6.0", False), ("4.4.7", False), ("4.3.0", False),
    ],
)  # fmt: skip
def test_whether_the_address_is_at_fault_is_told_by_the_code(status: str, of_the_address: bool) -> None:
    [failure] = failures(bounce(status=status, answer="smtp; 550 no"))

    assert (failure.status, failure.is_of_the_address) == (status, of_the_address)


def test_a_failure_without_a_code_has_that_of_the_answer_or_none_in_particular() -> None:
    assert [failures(bounce(status="", answer=answer))[0].status for answer in ("smtp; 550 5.2.2 full", "smtp; 550 no")] == [
        "5.2.2",
        "5.0.0",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(bounce(action="delayed", status="4.4.1"), "delayed", id="the server still tries"),
        pytest.param(bounce(action="delivered", status="2.0.0"), "delayed", id="it was delivered"),
        pytest.param(OUT_OF_OFFICE.format(message_id=OURS).encode(), "no_report", id="out of office"),
        pytest.param(READ_RECEIPT.format(message_id=OURS).encode(), "no_report", id="read receipt"),
        pytest.param(b"", "no_report", id="empty"),
        pytest.param(b"\x00\xff" * 5000, "no_report", id="bytes"),
        pytest.param(bounce().partition(b"Final-Recipient")[0], "malformed", id="cut off"),
        pytest.param(bounce(message_id=""), "malformed", id="no Message-ID"),
        pytest.param(bounce(message_id="<4f2d\x00@alerts.example.gov.uk>"), "malformed", id="what no database may be asked for"),
        pytest.param(bounce(message_id="<4f2d\ud7ff@alerts.example.gov.uk>"), "malformed", id="a Message-ID beyond ASCII"),
        pytest.param(bounce(recipient="nobody"), "malformed", id="no address"),
        pytest.param(bounce(status="2.0.0"), "malformed", id="a failure that succeeded"),
        pytest.param(bounce() + b"x" * bounce_reports.LARGEST, "too_large", id="too large"),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(5000)),
            "malformed",
            id="parts in parts",
        ),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 5000, "malformed", id="messages in messages"),
        pytest.param(b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 50_000, "no_report", id="many parts"),
    ],
)
@pytest.mark.slow
def test_what_tells_of_no_failure(content: bytes, why: str) -> None:
    began = time.process_time()

    assert reason(content) == why
    assert time.process_time() - began < 5


def test_what_is_inside_the_returned_message_is_no_report() -> None:
    inner = bounce("<other@alerts.example.gov.uk>", "s1@example.gov.uk")
    mail = b"Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: message/rfc822\n\n" + inner + b"\n--m--\n"

    assert reason(mail) == "no_report"


def test_the_answer_of_a_server_is_one_line_without_links_and_short() -> None:
    answer = "smtp; 550 5.1.1 see https://evil.example/ " + "\u202e".join("abc") + " to:child.name@example.gov.uk" + " x" * 400
    [failure] = failures(bounce(answer=answer))

    assert "https://" not in failure.answer
    assert "child.name" not in failure.answer
    assert failure.answer.isprintable()
    assert len(failure.answer) < 220


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_however_a_bounce_is_broken_it_is_read_or_tells_of_nothing(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([bounce(), exchange()]))
    at, end = sorted((data.draw(st.integers(0, len(whole))), data.draw(st.integers(0, len(whole)))))
    content = whole[:at] + data.draw(st.binary(max_size=40)) + whole[end:]
    try:
        found = failures(content)
    except NoFailureError:
        return
    assert all(failure.answer.startswith("bounced: ") and failure.status[0] in "45" for failure in found)
