"""Weeks of whatever may happen, in any order: the promises hold after each step. `bench/lifelike.py` draws more of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from alerting.notifications.routing import Router
from alerting.store.messages.claims import ClaimedMessage
from alerting.store.messages.outbox import Outbox
from tests.lifelike import Life

TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=4,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,  # the same lives each time; a failure is the change's and not chance's
    phases=[Phase.generate],  # to shrink what was found takes minutes
    suppress_health_check=list(HealthCheck),
)
TestLife = pytest.mark.slow(TestLife)


# ---------------------------------------------------------------------- what such a life would see


@pytest.fixture
def life() -> Iterator[Life]:
    life = Life()
    yield life
    life.store.close()
    shutil.rmtree(life.folder)


@pytest.mark.slow
def test_a_life_sees_who_may_know_of_a_limited_record(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    life.council.add("ext_restricted", person_id="C1", level="limited", allowed_recipients="H1")
    life.ran()
    life.nobody_has_a_word_of_a_child_they_may_not_know()
    assert [message.to_address for message in life.relay.taken if "C1" in message.text] == ["h1@example.gov.uk"]

    monkeypatch.setattr(Router, "confined_to", lambda *_: None)
    life.a_working_day_passes(1)
    with pytest.raises(AssertionError, match="I2: C1"):
        life.ran()
    with pytest.raises(AssertionError, match="names C1"):
        life.nobody_has_a_word_of_a_child_they_may_not_know()


@pytest.mark.parametrize("story", ["sealed", "limited", "left", "cover over"])
@pytest.mark.parametrize("looked_at", [True, False])
@pytest.mark.slow
def test_a_life_sees_what_waited_and_may_not_be_told_any_more(
    life: Life, story: str, looked_at: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if story == "cover over":
        life.council.add(
            "ext_cover", staff_id="M2", covered_by="Q1", from_date=life.day.isoformat(), to_date=life.day.isoformat()
        )
    life.relay.mode = "down"
    life.ran()
    if story in ("sealed", "limited"):
        life.council.add("ext_restricted", person_id="C3", level=story, allowed_recipients="H1")
    elif story == "left":
        life.somebody_leaves_or_is_back("M2", back=False)
    else:
        life.council.remove("ext_cover", staff_id="M2")
    if not looked_at:  # neither by the run, which plans anew, nor before it is sent
        monkeypatch.setattr(Outbox, "withdraw", lambda *_: 0)
        monkeypatch.setattr(ClaimedMessage, "is_older", False)
    life.ran()
    life.relay.mode = "well"
    life.send_what_waits()

    if looked_at:
        life.nobody_has_a_word_of_a_child_they_may_not_know()
    else:
        with pytest.raises(AssertionError, match="names C3"):
            life.nobody_has_a_word_of_a_child_they_may_not_know()
