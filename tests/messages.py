"""Messages for the tests of delivery: made up, and recognisable where they must not turn up."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerting.model import Card, Message

CARD = Card(
    title="Children in need North",
    summary="3 new, 9 open, 1 cleared",
    columns=("Rule", "New", "Open", "Cleared"),
    rows=(("Child protection visit due or overdue", "2", "5", "1"), ("Supervision overdue", "1", "4", "0")),
    footer="Data as at 22 November 2026",
    link="https://alerts.exampleshire.gov.uk/teams/T1",
)


def mail_message(**changes: Any) -> Message:
    """Return a daily message to one manager."""
    values = {
        "key": "daily:2026-11-23:W7:mail",
        "purpose": "daily",
        "to_name": "Aoife Brennan",
        "to_address": "aoife.brennan@exampleshire.gov.uk",
        "subject": "3 new, 9 open: Children in need North",
        "text": "Good morning.\n\nChild protection visit due or overdue, case P1042, 4 working days over.\n",
        "html": "<!DOCTYPE html><html lang='en'><body><h1>Your teams today</h1><p>Case P1042</p></body></html>\n",
        "message_id": "<6f2c9d0e41@alerts.exampleshire.gov.uk>",
        "date": datetime(2026, 11, 23, 7, 0, tzinfo=ZoneInfo("Europe/London")),
    }
    return Message(**(values | changes))


def channel_message(**changes: Any) -> Message:
    """Return a daily card for one team's channel."""
    for_a_channel = {
        "key": "daily:2026-11-23:T1:teams",
        "to_name": "Children in need North",
        "to_address": None,
        "channel": "T1",
        "text": "3 new, 9 open, 1 cleared",
        "html": "",
        "card": CARD,
    }
    return mail_message(**(for_a_channel | changes))
