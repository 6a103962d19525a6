"""Siblings who wait for one meeting stand together in a message, where the data says which meeting that is."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.notifications import triage
from tests.made_council import MONDAY
from tests.office import Office
from tests.rendered import AS_OF, daily, item, message, read, rule
from tests.test_daily_message import VISIT, section, visit

CONFERENCE = rule(
    "initial-conference-late", title="Initial conference due or overdue", falls_due="Initial conference", says="None is held."
)


def conference(child, meeting="5001", days=-2, **changes):
    values = {
        "level": "red",
        "subject_kind": "child_with_enquiry",
        "person": child,
        "meeting": meeting,
        "first_seen": date(2026, 3, 23),
    }
    return item("open", "initial-conference-late", child, **{"due": AS_OF + timedelta(days), **values, **changes})


def of_siblings(*items):
    return message(daily(*items), CONFERENCE, VISIT)


def test_siblings_who_wait_for_one_meeting_have_one_block_and_one_line():
    sent = of_siblings(conference("0011726"), conference("0011727"), conference("0020000", "5002"))

    assert "Children 0011726, 0011727 · one meeting, J. Patel\n- RED: Initial conference 2 days overdue" in sent.text
    assert "Child 0020000, J. Patel\n- RED: Initial conference" in sent.text
    assert sent.subject == "Assessment North: 3 overdue"
    assert "OVERDUE: 3 children" in sent.text
    assert "Children 0011726, 0011727 · one meeting" in read(sent.html)


def test_what_is_of_one_of_them_alone_says_of_whom():
    sent = of_siblings(conference("1"), conference("2"), visit("2", -1), conference("3", days=-5))

    block = section(sent.text, "Overdue")
    assert block.count("· one meeting") == 1
    assert "Children 3, 1, 2 · one meeting" in block
    assert "- RED: Initial conference (child 3) 5 days overdue" in block
    assert "- RED: Initial conference (children 1, 2) 2 days overdue" in block
    assert "- AMBER: Protection visit (child 2) 1 day overdue" in block


def test_each_sibling_stands_with_their_own_worker():
    sent = of_siblings(
        conference("1", worker_name="A. One"), conference("2", worker_name="B. Two"), conference("3", worker_name=None)
    )

    assert "Children 1, 2, 3 · one meeting\n" in sent.text
    assert "- RED: Initial conference (child 1, A. One) 2 days overdue" in sent.text
    assert "- RED: Initial conference (child 2, B. Two) 2 days overdue" in sent.text
    assert "- RED: Initial conference (child 3) 2 days overdue" in sent.text


def test_a_worker_whom_siblings_have_in_common_is_named_once():
    sent = of_siblings(conference("1"), conference("2"), visit("2", -1))

    assert "Children 1, 2 · one meeting, J. Patel\n" in sent.text
    assert sent.text.count("J. Patel") == 1


def test_a_sibling_of_whom_something_is_more_urgent_stands_where_that_stands_and_is_counted_there():
    sent = of_siblings(conference("1"), conference("2", level="critical"))

    assert sent.subject == "Assessment North: 1 critical, 1 overdue"
    assert "one meeting" not in sent.text


def test_where_the_data_does_not_say_which_meeting_nobody_is_taken_for_a_sibling():
    sent = of_siblings(conference("1", None, worker_name="A. One"), conference("2", None, worker_name="B. Two"))

    assert "one meeting" not in sent.text
    assert sent.text.count("Child ") == 2


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from([None, "a", "b"]), st.integers(-3, 3), st.booleans()), max_size=12))
def test_whoever_is_put_together_nothing_is_lost_and_each_child_is_counted_once(given_items):
    made = {
        each.ref: each
        for child, meeting, days, is_visit in given_items
        for each in [visit(str(child), days) if is_visit else conference(str(child), meeting, days)]
    }
    parts = triage.triage(list(made.values()), AS_OF)

    shown = [each for part in parts for each in part.all_items]
    assert sorted(each.ref for each in shown) == sorted(made)
    assert sum(part.subjects for part in parts) == len({each.person for each in made.values()})
    for part in parts:
        for group in part.groups:
            lines = triage.lines_of(group, AS_OF)
            assert sorted(each.ref for line in lines for each in line) == sorted(each.ref for each in group.items)
            assert all(len({(each.rule, each.due, each.level) for each in line}) == 1 for line in lines)


@pytest.mark.slow
def test_the_meeting_comes_from_the_conference_that_is_recorded_and_not_held(tmp_path: Path):
    office = Office(tmp_path)
    office.rules_of_its_own("statutory/initial-conference-late.yaml")
    council, begun = office.council, (MONDAY - timedelta(days=40)).isoformat()
    for child, meeting in (("K1", "5001"), ("K2", "5001"), ("K3", "")):
        council.add("ssd_person", pers_person_id=child, pers_dob="2015-05-05")
        council.add("ssd_cin_episodes", cine_referral_id=f"R{child}", cine_person_id=child, cine_referral_date=begun)
        council.add("ssd_involvements", invo_involvements_id=f"I{child}", invo_person_id=child, invo_professional_id="W1",
                    invo_professional_team="T1", invo_professional_role_id="CW", invo_involvement_start_date=begun)  # fmt: skip
        council.add("ssd_s47_enquiry", s47e_s47_enquiry_id=f"E{child}", s47e_referral_id=f"R{child}", s47e_person_id=child,
                    s47e_s47_start_date=begun, s47e_s47_nfa="N")  # fmt: skip
        council.add("ssd_initial_cp_conference", icpc_icpc_id=f"X{child}", icpc_s47_enquiry_id=f"E{child}", icpc_person_id=child,
                    icpc_icpc_meeting_id=meeting, icpc_icpc_transfer_in="N")  # fmt: skip
    office.run(MONDAY)

    assert {item.subject: item.meeting for item in office.content("M1").items} == {"K1": "5001", "K2": "5001", "K3": None}
    # An extract without that column is read as ever.
    council.spoilt = {"ssd_initial_cp_conference": lambda extract: extract.replace(b"icpc_icpc_meeting_id", b"something_else")}
    office.run(MONDAY + timedelta(days=14))
    assert {item.subject: item.meeting for item in office.content("M1").items} == dict.fromkeys(("K1", "K2", "K3"))
