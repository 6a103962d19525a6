"""The list that goes with a message which cannot tell all of it: what stands in the file, for whom there is one, and what never gets into it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default as parsed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.mailboxes import Mailbox
from alerting.model import Level, Message, Tier
from alerting.notifications.content import ItemState
from alerting.notifications.messages import attached_list
from alerting.store.messages import content_json
from notifiers.console import Notifier as Console
from notifiers.email.writing import written
from tests.rendered import AS_OF, a_card, a_week, daily, item, message, notification, read, rule
from tests.sending_desk import router
from tests.test_last_look import ALERT, look

VISIT = rule("cp-visit-overdue", title="Child protection visit due or overdue", falls_due="Protection visit", says="Seen late.")
SECRET = rule(
    "cp-visit-overdue",
    says="{% if accommodation is defined and accommodation %}In {{ accommodation }}.{% else %}Seen late.{% endif %}",
    tiers={"accommodation": Tier.detail},
)


def visit(subject, days=-1, state="open", **changes):
    values = {"level": "amber", "subject_kind": "child_protection_plan", "person": subject, "due": AS_OF + timedelta(days)}
    return item(state, "cp-visit-overdue", subject, **{**values, **changes})


SIXTY = tuple(visit(f"00{n:02}", -n - 1, worker_name=f"Worker {n % 3}") for n in range(60))


def rows(sent: Message) -> list[dict[str, str]]:
    """Return the rows of the one file that a message has, as a spreadsheet opens them."""
    [attached] = sent.attachments
    return list(csv.DictReader(io.StringIO(attached.content.decode("utf-8-sig"), newline="")))


# ---------------------------------------------------------------------- what stands in it


def test_a_message_that_counts_some_of_sixty_items_brings_all_of_them_in_a_file_and_says_so():
    sent = message(daily(*SIXTY), VISIT)

    [attached] = sent.attachments
    assert (attached.name, attached.subtype) == ("open-items-2026-03-31.csv", "csv")
    assert {row["Reference"] for row in rows(sent)} == {each.ref for each in SIXTY}
    for part in (sent.text, read(sent.html)):
        assert "All 60 open items are in the attached list, open-items-2026-03-31.csv. It is as private as this message" in part


def test_a_row_says_what_a_message_would_with_dates_that_can_be_sorted():
    late = visit(
        "0011726", -2, "new", due=date(2026, 3, 27), working_days_to_due=-2, in_hand="Acknowledged by S. Okoro until 2 April."
    )
    first = rows(message(daily(late, *SIXTY), VISIT))

    assert {row["Reference"]: row for row in first}[late.ref] == {
        "Reference": late.ref,
        "Where it stands": "Overdue",
        "Level": "Amber",
        "What": "Child protection visit due or overdue",
        "About": "Child 0011726",
        "Worker": "J. Patel",
        "Team": "Assessment North",
        "Due": "2026-03-27",
        "When": "2 working days overdue (27 March)",
        "Listed since": "2026-03-31",
        "News": "New",
        "What the data shows": "Seen late.",
        "Who has it": "Acknowledged by S. Okoro until 2 April.",
    }


def test_excel_reads_it_as_what_it_is():
    [attached] = message(daily(*SIXTY, visit("7", worker_name="Siân Ó Briain")), VISIT).attachments

    assert attached.content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in attached.content
    assert "Siân Ó Briain" in attached.content.decode("utf-8-sig")


def test_what_is_over_is_in_no_list_of_what_is_open():
    over = [visit(f"over{n}", state=state) for n, state in enumerate(("cleared", "moved"))]

    assert not {row["Reference"] for row in rows(message(daily(*SIXTY, *over), VISIT))} & {each.ref for each in over}


def test_a_file_is_never_so_large_that_a_mail_server_turns_its_message_away(monkeypatch):
    monkeypatch.setattr(attached_list, "MOST_BYTES", 5_000)
    sent = message(daily(*SIXTY), VISIT)

    [attached] = sent.attachments
    assert len(attached.content) < 5_400
    assert f"The first {len(rows(sent))} of 60 open items are in the attached list" in sent.text
    assert 20 < len(rows(sent)) < 60


# ---------------------------------------------------------------------- for whom there is one


def test_a_message_that_tells_each_item_brings_no_file():
    sent = message(daily(*SIXTY[:30]), VISIT)

    assert sent.attachments == ()
    assert "attached" not in sent.text + sent.html


@pytest.mark.parametrize("chosen", [{"attach_lists": False}, {"page_url": "https://alerts.example.gov.uk/"}])
def test_a_council_that_wants_no_attachments_or_has_a_page_sends_none(chosen):
    sent = message(daily(*SIXTY), VISIT, **chosen)

    assert sent.attachments == ()
    assert "attached" not in sent.text + sent.html


@pytest.mark.parametrize("channel", [None, "T1"])
def test_to_whom_only_counts_go_no_file_goes(channel):
    for given_notification in (daily(*SIXTY), a_card("Assessment North"), a_week()):
        sent = message(given_notification, VISIT, ceiling=Tier.counts, channel=channel)

        assert sent.attachments == ()
        assert "attached" not in sent.text + sent.html


# ---------------------------------------------------------------------- what never gets into it


def test_the_outbox_holds_nothing_of_a_file_so_that_what_leaves_the_one_leaves_the_other():
    content = daily(*SIXTY).content
    stored = content_json.to_json(content)
    forgotten = content_json.without_items(stored, lambda _: True, "What it said has been forgotten.")

    assert "csv" not in stored
    sent = message(notification("daily", content_json.from_json(str(forgotten), lambda _: {})), VISIT)
    assert sent.attachments == ()
    assert "0059" not in sent.text


def test_what_a_last_look_takes_out_of_a_message_is_in_no_row():
    alerts = [replace(ALERT, ref=each.ref, subject=each.subject, person=each.subject) for each in SIXTY]
    left = look(replace(daily(*SIXTY), recipient="M1"), router((SIXTY[0].subject, "H1")), *alerts).message

    assert left is not None
    assert {row["Reference"] for row in rows(message(left, VISIT))} == {each.ref for each in SIXTY[1:]}


def test_a_fact_above_the_ceiling_is_in_no_row():
    homes = [visit(f"{n}", -n, facts={"accommodation": "Rose House"}) for n in range(1, 61)]
    below, above = (message(daily(*homes), SECRET, ceiling=ceiling) for ceiling in (Tier.reference, Tier.detail))

    assert {row["What the data shows"] for row in rows(below)} == {"Seen late."}
    assert {row["What the data shows"] for row in rows(above)} == {"In Rose House."}


HOSTILE = [
    "=1+1",
    "+44",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "＝1",
    'a"b',
    "a,b",
    "x\r\n=1,2",
    '=HYPERLINK("http://e","x")',
    "\x00=1",
]
WORKED_OUT, NUMBER = re.compile(r"\s*[=+@\-＝＋＠－]"), re.compile(r"[-+]?[\d.,:/ -]*%?")
text = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
items = st.lists(
    st.builds(
        lambda number, state, level, who, team, days, note: visit(
            f"{number}", days, state.value, level=level.name, worker_name=who, team_name=team or "Assessment North", in_hand=note,
            facts={"accommodation": "Rose House"}, called=note,
        ),
        st.integers(0, 10_000), st.sampled_from([state for state in ItemState if state.value not in ("snoozed", "silenced", "covered", "flapping")]),
        st.sampled_from(Level), text, text, st.integers(-400, 400), text,
    ),
    min_size=31, max_size=45, unique_by=lambda each: each.ref,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(items, st.sampled_from([Tier.counts, Tier.reference]))
def test_whatever_the_data_says_a_file_has_the_readers_open_items_alone_and_no_cell_that_is_worked_out(given_items, ceiling):
    sent = message(daily(*given_items), SECRET, ceiling=ceiling)

    if ceiling is Tier.counts:
        assert sent.attachments == ()
    for attached in sent.attachments:
        found = list(csv.reader(io.StringIO(attached.content.decode("utf-8-sig"), newline=""), strict=True))
        over = {each.ref for each in given_items if each.state in (ItemState.cleared, ItemState.moved)}
        assert sorted(row[0] for row in found[1:]) == sorted({each.ref for each in given_items} - over)
        assert {len(row) for row in found} == {13}
        assert b"Rose House" not in attached.content
        for cell in (cell for row in found for cell in row):
            assert not WORKED_OUT.match(cell) or NUMBER.fullmatch(cell)
            assert not any(unicodedata.category(one) == "Cc" for one in cell)


# ---------------------------------------------------------------------- on the wire


def test_a_mail_carries_the_file_beside_both_of_its_parts_and_is_ascii():
    us = Mailbox(name="Practice alerts", address="alerts@exampleshire.gov.uk")
    wire = written(message(daily(*SIXTY), VISIT), sender=us, reply_to=us, recipient=us)
    mail = message_from_bytes(wire, policy=parsed)

    assert wire.isascii()
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv",
    ]  # fmt: skip
    [attached] = mail.iter_attachments()
    assert attached.get_filename() == "open-items-2026-03-31.csv"
    assert attached.get_content().startswith("\ufeffReference,")
    assert len(wire) < 100_000


def test_a_terminal_shows_the_file_below_its_message(capsys):
    sent = message(daily(*SIXTY), VISIT)
    Console().send(sent, lambda: None)
    text, _, below = capsys.readouterr().out.partition("\nopen-items-2026-03-31.csv:\n")

    assert "in the attached list, open-items-2026-03-31.csv" in text
    assert below.lstrip().startswith("Reference,")
    assert all(each.ref in below for each in SIXTY)
