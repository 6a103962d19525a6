"""Nothing of a list is lost on its way into a message: whatever it holds, each item stands in one place, or is in a count."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest

from alerting.model import Tier
from alerting.notifications.content import COUNTED_ONLY, Item, ItemState
from alerting.notifications.triage import OPEN, Section, section_of, triage, whom, worst_of
from tests.rendered import AS_OF, daily, item, read, render

TOLD = [state for state in ItemState if state not in COUNTED_ONLY]


def a_list(seed: int) -> list[Item]:
    """Return a list of one to seventy items about a few children and their records, by two rules."""
    chance = random.Random(seed)
    size = chance.choice([1, 3, 9, 28, 35, 70])
    made = []
    for place in range(size):
        child, kind = (
            f"9{chance.randrange(max(2, size // 2)):02}",
            chance.choice(["child_protection_plan", "assessment", "contact"]),
        )
        made.append(
            item(
                chance.choice(TOLD),
                chance.choice(["visits", "plans"]),
                child if kind == "child_protection_plan" else f"7{place:03}",
                ref=f"A-{place:08}",
                level=chance.choice(["info", "amber", "red", "critical"]),
                subject_kind=kind,
                person=None if kind == "contact" else child,
                due=chance.choice([None, AS_OF + timedelta(chance.randrange(-40, 40))]),
            )
        )
    return made


LISTS = pytest.mark.parametrize("items", [a_list(seed) for seed in range(60)], ids=map(str, range(60)))
BUDGETS = pytest.mark.parametrize("budget", [None, 2])


@BUDGETS
@LISTS
def test_each_item_stands_in_one_section_and_each_child_in_one_among_what_is_open(items: list[Item], budget: int | None):
    parts = triage(items, AS_OF, budget=budget)

    assert sorted(one.ref for part in parts for one in part.all_items) == [one.ref for one in items]
    open_ = [whom(part_of) for part in parts if part.section in OPEN for part_of in {whom(i): i for i in part.all_items}.values()]
    assert len(open_) == len(set(open_))
    for part in parts:
        assert (part.items, part.subjects) == (len(part.all_items), len({whom(one) for one in part.all_items}))
        if part.section is Section.held:
            assert {one.state for one in part.all_items} == {ItemState.held}, "what is not on hold is not said to be"
        if part.section is Section.overdue:
            assert all(
                any(i.due is not None and i.due < AS_OF for i in part.all_items if whom(i) == whom(one)) for one in part.all_items
            )
        assert not [one for one in part.counted if one.level.name == "critical" and part.section in OPEN]


@BUDGETS
@LISTS
def test_each_item_has_its_number_in_both_parts_of_the_message_or_is_in_a_count_and_the_subject_has_none(
    items: list[Item], budget: int | None
):
    sent = render(daily(*items, budget=budget)).message
    parts = triage(items, AS_OF, budget=budget)
    counted = {one.ref for part in parts for one in part.counted}

    for text in (sent.text, read(sent.html)):
        for one in items:
            done = section_of(one, AS_OF) is Section.done  # told by the number of the child
            assert one.ref in counted or one.ref in text or (done and (one.person or one.subject) in text)
        said = sum(int(number) for number in re.findall(r"And (\d+) more, less urgent", text))
        assert said == sum(len(part.counted) for part in parts if part.groups or part.named)
    first = sent.text.partition("\n")[0]
    assert not re.search(r"A-0|\b[79]\d\d+|Patel", f"{sent.subject} {first}")


@LISTS
def test_a_reader_of_counts_hears_of_each_child_once_by_the_worst(items: list[Item]):
    sent = render(daily(*items), ceiling=Tier.counts).message
    counts = worst_of((whom(one), section_of(one, AS_OF)) for one in items)

    assert sum(counts.values()) == len({whom(one) for one in items})
    for word, section in (("overdue", Section.overdue), ("due soon", Section.due_soon), ("on hold", Section.held)):
        found = re.search(rf"(\d+) {word}", sent.subject)
        assert int(found[1] if found else 0) == counts.get(section, 0)
    assert not re.search(r"A-0|\b[79]\d\d+|Patel", sent.text)
