"""The pages for those who look after the rules: how each stands, what the data is like, what is judged, the plan for a board, the trail."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from alerting.alerts.acts import ActKind
from alerting.audit.trail import ServiceKind, TrailEvent
from alerting.store import acts
from alerting.web.trail_page import _without_a_child
from tests.made_council import MONDAY, somebody
from tests.web_site import NOON, Browser, Site, new_office, shown, words

ADMIN, AUDITOR, PERFORMANCE = "admin@example.gov.uk", "auditor@example.gov.uk", "p1@example.gov.uk"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    """A council with a rule in use, one in shadow and one off, and an improvement plan."""
    office = new_office(tmp_path_factory.mktemp("rules"))
    office.rules_of_its_own("practice/cp-visit-overdue.yaml", "workforce/improvement-plan-action.yaml")
    office.rule("plan-long", "PL-01", "shadow: true")
    office.rule("plan-off", "PL-02")
    office.settings |= {
        "keep": {"days": 30},
        "rules": {
            "path": "rules",
            "params": {"evidence_min_items": 1},
            "settings": {"PL-02": {"enabled": False, "reason": "not ours"}},
        },
    }
    office.council.add(
        "ext_plan_action", ref="4.2", title="Visits", owner_id="M1", rag="Green", updated_on="2026-02-20", evidence="cp-03"
    )
    office.begin(MONDAY)
    with shown(office, auditors=[AUDITOR]) as site:
        site.remember()
        yield site


@pytest.fixture
def site(_made):
    _made.put_back()
    return _made


def somebodys(site: Site, address: str, path: str) -> Browser:
    browser = site.browser(**{"X-Mail": address})
    assert browser.get(path).status_code == 200
    return browser


def looked(site: Site, address: str, path: str) -> Browser:
    """Let somebody look at the case data anew on one of the pages that show it, and return their browser with what it then says."""
    browser = somebodys(site, address, path)
    browser.follow(browser.send(f"{path}/look").headers["location"])
    return browser


def kinds(site: Site) -> list[tuple[str, str, str]]:
    with site.council.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT kind, by, about FROM act ORDER BY id")]


# ---- rules


def test_every_rule_is_there_with_how_it_stands_and_how_many_it_met(site):
    said = words(somebodys(site, ADMIN, "/service/rules").page)

    assert "CP-03 Child protection visit due or overdue in use every working day 2 1" in said
    assert "PL-01 Long on a plan in shadow every working day 2 2" in said
    assert "PL-02 Long on a plan off: not ours every working day" in said
    assert "4 of 4 rules" in said
    assert "1 of 4 rules" in words(somebodys(site, ADMIN, "/service/rules?state=in shadow").page)
    states = {row["code"]: row["state"] for row in site.reader("W1").get("/api/v1/rules").json()}
    assert [states[code] for code in ("CP-03", "PL-01", "PL-02")] == ["on", "shadow", "off"]


def test_a_rule_is_read_in_plain_words_with_its_parameters(site):
    said = words(somebodys(site, PERFORMANCE, "/service/rules/CP-03").page)

    assert "It was asked about 2, and 1 met it." in said
    for heading in ("In short", "When it alerts", "What clears it", "Who is told", "What may be changed in config.yaml"):
        assert heading in said
    assert "C1" not in said
    assert site.browser(**{"X-Mail": ADMIN}).get("/service/rules/XX-99").status_code == 404


def test_which_teams_rules_look_at_is_worked_out_when_asked(site):
    said = words(looked(site, ADMIN, "/service/rules/coverage").page)

    assert "(T1)" in said
    assert "Restricted records are in no count of people." in said


@pytest.mark.slow
def test_a_rule_is_tried_with_other_numbers_as_counts_and_nothing_changes(site):
    admin = somebodys(site, ADMIN, "/service/rules/PL-01/try?long_days=90")
    said = words(admin.page)

    assert "Amber 2 0 -2" in said
    assert "0 more, 2 fewer, 0 at another level." in said
    assert 'aria-label="How many it meets at each level, in use and tried"' in admin.page.text
    assert "C1" not in said
    wrong = admin.get("/service/rules/PL-01/try?long_days=soon")
    assert (wrong.status_code, "long_days is not a number." in words(wrong)) == (409, True)
    assert admin.get("/service/rules/PL-01/try?long_days=-1").status_code == 409
    assert admin.get("/service/rules/XX-99/try").status_code == 404
    assert site.reader("M1").get("/service/rules/PL-01/try?long_days=90").status_code == 404
    assert len([one for one in site.office.alerts() if one.code == "PL-01"]) == 2


@pytest.mark.slow
def test_a_rule_is_asked_of_the_days_kept_with_charts_and_their_figures_beside_them(site):
    admin = somebodys(site, ADMIN, "/service/rules/PL-01/backtest?long_days=90")
    said = words(admin.page)

    assert "Asked of 1 day kept, 2 March 2026." in said
    assert 'aria-label="Open each day: in use from 2 to 2, at most 2; draft from 0 to 0, at most 0"' in admin.page.text
    assert "Mon 2 Mar 2026 - 2 - 0" in said
    assert "Open on the last day 2 0" in said
    assert "Team T1 0 0 2 0 2 0" in said
    assert "C1" not in said
    assert "style=" not in admin.page.text
    wrong = admin.get("/service/rules/PL-01/backtest?long_days=soon")
    assert (wrong.status_code, "long_days is not a number." in words(wrong)) == (409, True)
    assert admin.get("/service/rules/XX-99/backtest").status_code == 404


@pytest.mark.slow
def test_days_that_were_not_kept_are_said_not_to_be(site):
    kept = site.office.folder / "kept"
    kept.rename(kept.with_name("elsewhere"))
    said = words(somebodys(site, PERFORMANCE, "/service/rules/PL-01/backtest").page)
    kept.with_name("elsewhere").rename(kept)

    assert "This could not be worked out just now: no days are kept yet." in said


# ---- sources


@pytest.fixture
def spoilt(site):
    """A council in whose extract of this noon a word stands that no list has; its config.yaml is put back."""
    config, visits = site.council.config.read_text("utf-8"), site.office.council.tables["ssd_cp_visits"]
    site.office.council.tables["ssd_cp_visits"] = [visits[0] | {"cppv_cp_visit_seen": "gesehen"}] * 6
    site.office.council.write()
    yield site
    site.office.council.tables["ssd_cp_visits"] = visits
    site.office.council.write()
    site.council.config.write_text(config, "utf-8")


@pytest.mark.slow
def test_what_is_not_understood_is_shown_by_how_it_is_written_and_an_administrator_says_what_it_means(spoilt):
    admin = looked(spoilt, ADMIN, "/service/sources")
    said = words(admin.page)
    assert "ssd_cp_visits.cppv_cp_visit_seen" in said
    assert '"gesehen" (6)' in said
    assert "gesehen" not in spoilt.council.config.read_text("utf-8")

    wrong = admin.send("/service/sources/map", what="flags", word="gesehen", meaning="perhaps_words")
    assert (wrong.status_code, "Flags has no 'perhaps_words'" in words(wrong)) == (409, True)
    assert kinds(spoilt) == []
    done = admin.send("/service/sources/map", what="flags", word="gesehen", meaning="yes_words")
    assert "gesehen" in spoilt.council.config.read_text("utf-8")
    said = words(admin.follow(done.headers["location"]))
    assert "It is written into config.yaml" in said
    assert "look again to see it with that" in said
    assert '"gesehen"' not in words(admin.follow(admin.send("/service/sources/look").headers["location"]))
    assert kinds(spoilt) == [("word mapped", ADMIN, "flags: yes_words")]


@pytest.mark.slow
def test_whoever_is_no_administrator_reads_what_is_not_understood_and_writes_nothing(spoilt):
    config = spoilt.council.config.read_text("utf-8")
    performance = looked(spoilt, PERFORMANCE, "/service/sources")

    assert "gesehen" in words(performance.page)
    assert "Say what a word means" not in words(performance.page)
    refused = performance.send("/service/sources/map", what="flags", word="gesehen", meaning="yes_words")
    assert (refused.status_code, "This is for administrators." in words(refused)) == (409, True)
    assert (spoilt.council.config.read_text("utf-8"), kinds(spoilt)) == (config, [])


# ---- judging


def test_the_performance_team_judges_alert_by_alert_what_a_rule_in_shadow_found(site):
    browser = somebodys(site, PERFORMANCE, "/service/judging")
    said = words(browser.page)
    assert "PL-01 Long on a plan None of its alerts was judged in the last 90 days." in said
    assert "CP-03" not in said
    refs = [one.ref for one in site.office.alerts() if one.code == "PL-01"]
    assert len(refs) == 2
    stand = browser.page.text.split('name="stand" value="')[1].split('"')[0]

    browser.send(f"/a/{refs[0]}/judge", stand=stand, verdict="right")
    browser.get("/service/judging")
    unsaid = browser.send(f"/a/{refs[1]}/judge", stand=stand, verdict="wrong", note="")
    assert unsaid.status_code == 409
    browser.get("/service/judging")
    browser.send(f"/a/{refs[1]}/judge", stand=stand, verdict="wrong", note="the plan ended")

    said = words(browser.get("/service/judging"))
    assert "1 of 2 judged right in the last 90 days." in said
    assert "Nothing of it that you may see waits for you." in said
    assert [kind for kind, _, _ in kinds(site)] == ["judged", "judged"]


def test_an_alert_of_a_rule_in_use_is_not_judged_and_nobody_else_judges(site):
    manager, ref = site.reader("M1"), next(one.ref for one in site.office.alerts() if one.code == "CP-03")
    manager.get(f"/a/{ref}")
    stand = manager.page.text.split('name="stand" value="')[1].split('"')[0]
    assert "is not tried any more" in words(manager.send(f"/a/{ref}/judge", stand=stand, verdict="right"))
    shadow = next(one.ref for one in site.office.alerts() if one.code == "PL-01")
    manager.get("/")
    assert manager.send(f"/a/{shadow}/judge", stand=stand, verdict="right").status_code == 404
    assert manager.get("/service/judging").status_code == 404


def test_an_alert_about_a_restricted_child_is_shown_for_judging_to_nobody_who_may_not_know_of_the_child(tmp_path):
    office = new_office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", "shadow: true")
    office.council.add("ext_restricted", person_id="C2", level="limited", allowed_recipients="M1")
    office.begin(MONDAY)
    with shown(office) as site:
        said = words(somebodys(site, PERFORMANCE, "/service/judging").page)

    assert {one.person for one in office.alerts()} == {"C1", "C2"}
    assert ("C1" in said, "C2" in said) == (True, False)


# ---- the plan


@pytest.mark.slow
def test_the_plan_has_what_is_stated_beside_what_is_measured(site):
    said = words(looked(site, PERFORMANCE, "/service/plan").page)

    assert "1 open action: 1 green as stated." in said
    assert "4.2 Visits green red" in said
    assert "Better than measured." in said


# ---- the trail


def done_about_c1(site: Site) -> str:
    """Let things have been done that may be about a child, and return the reference of an alert of it."""
    ref = next(one.ref for one in site.office.alerts() if one.code == "CP-03")
    with site.council.store().transaction() as connection:
        acts.keep(connection, somebody("M1"), ActKind.acknowledge, ref, NOON, note="C1 is with her aunt")
        acts.keep(connection, somebody("M1"), ActKind.silence, "child C1", NOON, note="C1 moved")
        acts.keep(connection, somebody("P1"), ActKind.fire_held, "service", NOON, note="half an extract")
    return ref


def test_the_trail_says_who_did_what_and_nothing_of_a_child_and_that_somebody_looked_is_on_it(site):
    ref = done_about_c1(site)
    auditor = somebodys(site, AUDITOR, "/service/trail")
    assert kinds(site)[-1][0] == "hold_fire", "to open the page is not to look"

    said = words(auditor.send("/service/trail", person="", kind=""))
    assert "3 events" in said
    assert f"M1 acknowledged {ref}" in said
    assert "P1 held fire service" in said
    assert "half an extract" in said
    assert "C1" not in said
    assert kinds(site)[-1] == ("trail read", AUDITOR, "the trail")

    assert "2 events" in words(auditor.send("/service/trail", person="Person M1"))
    assert "1 event " in words(auditor.send("/service/trail", kind="silence"))
    said = words(auditor.send("/service/trail", alert=ref.lower()))
    assert kinds(site)[-1] == ("trail read", AUDITOR, ref)
    assert "changed an alert" in said
    assert "0 events" in words(auditor.send("/service/trail", to=(MONDAY - DAY).isoformat(), **{"from": "2026-01-01"}))
    assert "0 events" in words(auditor.send("/service/trail", **{"from": (MONDAY + DAY).isoformat()}))
    assert "0 events" not in words(auditor.send("/service/trail", to=MONDAY.isoformat(), **{"from": MONDAY.isoformat()}))


def test_the_trail_is_saved_as_a_table_in_which_nothing_is_a_formula(site):
    with site.council.store().transaction() as connection:
        acts.keep(connection, somebody("P1"), ActKind.fire_held, "service", NOON, note="=HYPERLINK(1)")
    auditor = somebodys(site, AUDITOR, "/service/trail")
    saved = auditor.send("/service/trail.csv", kind="hold-fire")

    assert saved.headers["content-disposition"] == 'attachment; filename="trail.csv"'
    rows = list(csv.reader(io.StringIO(saved.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["When", "Who", "Did"]
    assert rows[1][-1] == "'=HYPERLINK(1)"
    assert kinds(site)[-1][0] == "trail read"


def test_without_a_first_day_the_trail_goes_back_thirty_days(site):
    with site.council.store().transaction() as connection:
        for days in (30, 31):
            acts.keep(connection, somebody("P1"), ActKind.fire_held, "service", NOON - days * DAY, note=f"{days} days ago")
    auditor = somebodys(site, AUDITOR, "/service/trail")

    said = words(auditor.send("/service/trail"))
    assert ("30 days ago" in said, "31 days ago" in said) == (True, False)
    assert "31 days ago" in words(auditor.send("/service/trail", **{"from": "2026-01-01"}))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"person": "nobody at all"}, "is nobody who may do this"),
        ({"alert": "A-ZZZZZZZZ"}, "There is no alert with that reference."),
        ({"from": "yesterday"}, "A day is not a date."),
        ({"to": "9999-12-31"}, "A day is out of reach."),
        ({"kind": "nothing"}, "Choose a kind that there is."),
    ],
)
def test_what_cannot_be_asked_for_is_said_and_nothing_is_written_down(site, fields, says):
    auditor = somebodys(site, AUDITOR, "/service/trail")
    answer = auditor.send("/service/trail", **fields)

    assert (answer.status_code, says in words(answer)) == (409, True)
    assert kinds(site) == []


@pytest.mark.parametrize("kind", [*ActKind, *ServiceKind], ids=lambda kind: kind.name)
def test_of_every_kind_no_child_is_shown(kind):
    about = (
        "child C1"
        if kind in (ActKind.silence, ActKind.request, ActKind.approval, ActKind.withdrawal, ActKind.lapse)
        else "A-7K3QXMPD"
    )
    shown_event = _without_a_child(
        TrailEvent(at=NOON, kind=kind, by="M1", about=about, note="x", request=12, children=("C1",), account="a", host="b")
    )

    assert shown_event.children == ()
    assert "C1" not in shown_event.about
    written_of_a_child = kind in (
        *(ActKind.acknowledge, ActKind.assign, ActKind.snooze, ActKind.recorded, ActKind.data_error, ActKind.not_useful),
        *(ActKind.judged, ActKind.close, ActKind.take_back, ActKind.silence, ActKind.silence_ended, ActKind.child_looked_up),
        *(ActKind.child_wiped, ActKind.request, ActKind.withdrawal, ServiceKind.change),
    )
    assert not (written_of_a_child and shown_event.note)
