"""What a manager reads is in the words of practice: none of the words by which those who build the service speak of it."""

from __future__ import annotations

import re

import pytest

from alerting.model import Reason
from alerting.notifications.content import ItemState
from tests.case_rows import shipped
from tests.rendered import daily, item, message
from tests.test_banners import stopped

OURS = (
    "fired", "firing", "fires", "asked", "of full time", "null", "population", "subject", "snapshot", "extract", "resolved",
    "matched", "matches", "evaluated", "cell", "cells", "column", "columns", "code map", "parameter", "outcome of the rule", "recipient",
    "flapping", "digest", "episode of the alert", "ceiling", "tier",
)  # fmt: skip
"""What is said among ourselves, and never to somebody who has a child to see."""

HELD_OR_ENDED = [
    Reason.not_in_data, Reason.not_recorded, Reason.not_asked, Reason.rule_broken, Reason.cleared, Reason.left, Reason.closed,
    Reason.rule_removed, Reason.rule_changed, Reason.record_merged,
]  # fmt: skip

FOUND = re.compile(rf"\b({'|'.join(OURS)})\b|\b(ssd|ext)_\w+", re.IGNORECASE)
FILLED_IN = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def found_in(text: str) -> list[str]:
    return [found[0] for found in FOUND.finditer(FILLED_IN.sub(" ", text))]


def test_the_list_finds_what_it_is_for() -> None:
    assert found_in("It fired: 20 cells {{ subject }} of ssd_cp_visits") == ["fired", "cells", "ssd_cp_visits"]
    assert found_in("The subjects of the lesson were asking about excellence") == []


@pytest.mark.parametrize("rule", shipped().rules, ids=lambda rule: rule.code)
def test_no_rule_speaks_to_managers_in_our_words(rule) -> None:
    said = [rule.title, rule.says, rule.clears, rule.falls_due, *rule.headline, rule.basis_text]

    assert [word for text in said for word in found_in(text)] == []


@pytest.mark.parametrize("rule", [rule for rule in shipped().rules if rule.due is not None], ids=lambda rule: rule.code)
def test_every_rule_with_a_due_date_says_what_falls_due(rule) -> None:
    assert rule.falls_due


@pytest.mark.parametrize("rule", [rule for rule in shipped().rules if "critical" in rule.file.levels], ids=lambda rule: rule.code)
def test_every_rule_that_can_be_critical_has_words_for_a_first_line(rule) -> None:
    assert all(rule.headline)


@pytest.mark.parametrize("state", ItemState)
@pytest.mark.parametrize("reason", HELD_OR_ENDED, ids=lambda reason: reason.value)
def test_no_message_about_an_item_has_our_words_whatever_has_become_of_it(state, reason) -> None:
    held = {"held_reason": reason, "held_detail": "ssd_cp_visits lost 38 % of its rows"}
    over = {"resolved_reason": reason, "resolved_detail": "it has left"}
    sent = message(daily(item(state, **held, **over), item(state, subject="2", level="critical", **held, **over)))

    assert found_in(sent.text) == found_in(sent.subject) == []


def test_no_banner_has_our_words() -> None:
    assert found_in(" ".join(stopped("visits", "reviews").for_everybody())) == []
