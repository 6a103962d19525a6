"""Drafts of rules on the page: written and checked there, and released by two people into the council's own folder, where config.yaml lets them."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from alerting.alerts.acts import ActKind
from alerting.alerts.people import SERVICE
from alerting.app import build
from alerting.authoring import drafting
from alerting.errors import HandlingError
from alerting.store import acts as store_acts
from alerting.store import rule_drafts
from alerting.store.granting import Granting
from alerting.store.rule_drafts import RuleDraft, mark_of
from tests.made_council import MONDAY, MadeCouncil
from tests.web_site import NOON, Browser, Site, new_office, shown, words

pytestmark = pytest.mark.slow
DRAFTS = "/service/rules/drafts"


@pytest.fixture(scope="module")
def _made(tmp_path_factory):
    office = new_office(tmp_path_factory.mktemp("drafts"))
    office.rules_of_its_own("practice/cp-visit-overdue.yaml")
    office.rule("plan-long", "PL-01")
    office.settings |= {"rules": {"path": "rules"}}
    office.begin(MONDAY)
    with shown(office, drafts=True) as site:
        site.remember()
        rules = shutil.copytree(office.folder / "rules", tmp_path_factory.mktemp("before") / "rules")
        yield site, rules


@pytest.fixture
def site(_made):
    made, rules = _made
    made.put_back()
    shutil.rmtree(made.office.folder / "rules")
    shutil.copytree(rules, made.office.folder / "rules")
    made.council.read_anew()
    return made


def file_of(site: Site) -> Path:
    return site.office.folder / "rules" / "local" / "plan-long.yaml"


def begun(site: Site, person: str = "P1", code: str = "PL-01", **form: str) -> tuple[Browser, str]:
    """Let somebody begin a draft, and return their browser, and its path."""
    browser = site.reader(person)
    browser.get(DRAFTS)
    answer = browser.send(DRAFTS, code=code, **form)
    assert answer.status_code == 303, words(answer)
    return browser, answer.headers["location"]


def mark(site: Site, path: str) -> str:
    """Return what a form of a draft carries, as the draft is now."""
    with site.council.reading() as connection:
        draft = rule_drafts.find(connection, int(path.rsplit("/", 1)[1]))
    assert draft is not None
    return draft.mark


def do(site: Site, browser: Browser, path: str, act: str, **form: str):
    """Send a form of a draft's page as the draft is now: what it carries is the same on any page, and the draft's own takes longer."""
    browser.get("/a/A-ZZZZZZZZ")
    return browser.send(f"{path}/{act}", mark=mark(site, path), **form)


def then(site: Site, browser: Browser, path: str, act: str, **form: str) -> str:
    """Return what is read where a form leads."""
    return words(browser.follow(do(site, browser, path, act, **form).headers["location"]))


def acts(site: Site) -> list[tuple[str, str, str]]:
    with site.council.reading() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT kind, by, about FROM act ORDER BY id")]


def changed(site: Site, old: str = "long_days: 50", new: str = "long_days: 30") -> str:
    return file_of(site).read_text("utf-8").replace(old, new)


def test_a_draft_becomes_a_rule_once_a_second_person_has_released_it(site):
    mode = file_of(site).stat().st_mode
    author, path = begun(site)
    text = changed(site, new="long_days: 90")
    assert "The draft is saved" in then(site, author, path, "save", text=text.replace("\n", "\r\n"))
    assert "long_days: 50" in file_of(site).read_text("utf-8")
    asked = then(site, author, path, "ask", note="ninety days by the new procedure")
    assert "A second person is asked" in asked
    assert "another person must approve it" in asked
    refused = do(site, author, path, "approve")
    assert (refused.status_code, "Who approves is who asks for it" in words(refused)) == (409, True)

    second = site.reader("admin")
    read = words(second.get(path))
    assert "ninety days by the new procedure" in read
    assert "What differs from PL-01" in read
    assert "long_days" in read.split("What differs from")[1]
    assert "It is released" in then(site, second, path, "approve")

    assert file_of(site).read_text("utf-8") == text
    assert file_of(site).stat().st_mode == mode
    assert second.get(path).status_code == 404
    assert 'value="90"' in second.get("/service/rules/PL-01").text
    assert acts(site) == [
        ("rule drafted", "P1", "plan-long"),
        ("rule drafted", "P1", "plan-long"),
        ("request", "P1", "plan-long"),
        ("approval", "admin@example.gov.uk", "plan-long"),
        ("rule released", "P1", "plan-long"),
    ]
    site.council.close()
    site.office.run(MONDAY + timedelta(days=1))
    assert {one.condition.value for one in site.office.alerts() if one.code == "PL-01"} == {"resolved"}


def test_what_is_wrong_is_said_at_its_line_as_check_says_it_and_keeps_it_from_being_released(site):
    author, path = begun(site)
    said = then(site, author, path, "save", text=changed(site, "measure > long_days", "measure > lnog_days"))

    number = next(n for n, line in enumerate(changed(site).splitlines(), 1) if line.startswith("levels:"))
    assert f"Error, Line {number}:" in said
    assert "lnog_days" in said
    assert "Did you mean 'long_days'?" in said
    assert "Ask a second person" not in said
    refused = do(site, author, path, "ask", note="please")
    assert (refused.status_code, "It has faults: put them right first." in words(refused)) == (409, True)
    assert "lnog_days" not in file_of(site).read_text("utf-8")


def test_another_rules_code_and_a_file_of_another_name_are_found_too(site):
    author, path = begun(site)
    said = then(site, author, path, "save", text=changed(site, "code: PL-01", "code: CP-03"))
    assert "the code CP-03 is used twice" in said
    said = then(site, author, path, "save", text=changed(site, "id: plan-long", "id: plan-other"))
    assert "the id is 'plan-other' but the file is plan-long.yaml" in said
    assert "/tmp" not in said


@pytest.mark.parametrize("sign", ["\x85", "\u2028", "\u202e", "\u200b"])
def test_what_its_second_reader_would_not_see_keeps_it_from_being_released(site, sign):
    text = changed(site, "owner: head of service\n", "owner: head of service\n" + f"# as agreed{sign}enabled: false\n")
    checked = drafting.check_text(site.council.app(), "plan-long", text, MONDAY)

    [fault] = [one for one in checked.faults if "cannot be seen" in one.problem]
    assert (checked.is_sound, fault.where and fault.where.line) == (False, text[: text.index(sign)].count("\n") + 1)


def test_what_is_wrong_with_another_rule_today_is_not_told_of_a_draft_and_does_not_hinder_it(site):
    other = file_of(site).with_name("other.yaml")
    other.write_text(
        file_of(site).read_text("utf-8").replace("plan-long", "other").replace("PL-01", "PL-02") + "no_key: 1\n", "utf-8"
    )
    app = build(site.council.config)
    assert [fault.severity for fault in app.book.faults] == ["error"]

    checked = drafting.check_text(app, "plan-long", changed(site), MONDAY)
    assert (checked.is_sound, [fault.problem for fault in checked.faults]) == (True, ["the rule has no examples"])


def test_an_example_that_does_not_come_out_as_it_should_keeps_it_from_being_released(site):
    author, path = begun(site)
    row = "{says: long on a plan, as_of: 2026-03-02, row: {plan_start: 2026-01-01}, gives: LEVEL}"
    right = changed(site) + f"examples:\n  - {row.replace('LEVEL', 'amber')}\n"
    assert "long on a plan: amber, as it should be" in then(site, author, path, "save", text=right)
    said = then(site, author, path, "save", text=right.replace("gives: amber", "gives: none"))

    assert "long on a plan: gave amber, not none" in said
    assert do(site, author, path, "ask", note="please").status_code == 409


def test_who_would_be_told_is_counted_by_team_and_names_no_child(site):
    author, path = begun(site)
    do(site, author, path, "save", text=changed(site, "long_days: 50", "long_days: 90"))
    said = words(author.get(f"{path}/try"))

    assert "Amber 2 0 -2" in said
    assert "Team T1 2 0 -2" in said
    assert "C1" not in said


def test_a_file_that_was_changed_on_disk_meanwhile_is_left_alone(site):
    author, path = begun(site)
    do(site, author, path, "save", text=changed(site))
    do(site, author, path, "ask", note="please")
    file_of(site).write_text(changed(site, "long_days: 50", "long_days: 60"), "utf-8")
    refused = do(site, site.reader("admin"), path, "approve")

    assert (refused.status_code, "was changed in the folder of rules since the draft was begun" in words(refused)) == (409, True)
    assert "long_days: 60" in file_of(site).read_text("utf-8")
    assert [kind for kind, _, _ in acts(site)][-1] == "request"
    assert site.reader("admin").get(path).status_code == 200


def test_what_is_released_is_kept_before_its_file_is_written(site, monkeypatch):
    """Whatever ends the page in between: no rule is in the folder that nobody released, and what is released is written later."""
    author, path = begun(site)
    do(site, author, path, "save", text=changed(site, new="long_days: 90"))
    do(site, author, path, "ask", note="please")
    second, kept = site.reader("admin"), []

    def cut_short(*_: object, **__: object) -> None:
        kept.extend(acts(site))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(drafting.private_files, "write", with_room_for_copies(cut_short))
        refused = do(site, second, path, "approve")

    assert [kind for kind, _, _ in kept][-2:] == ["approval", "rule released"], "it was not kept when its file was to be written"
    assert (refused.status_code, "Plan-long.yaml cannot be written (No space left on device)" in words(refused)) == (409, True)
    assert "long_days: 50" in file_of(site).read_text("utf-8")
    assert "It is released, and not yet in the folder of rules" in words(second.get(DRAFTS))
    for act, form in (("save", {"text": changed(site)}), ("ask", {"note": "again"}), ("approve", {})):
        assert do(site, second, path, act, **form).status_code == 409, act

    assert "Two people have released it, and it is not yet in the council's folder" in words(second.get(path))
    assert "It is released" in then(site, second, path, "write")
    assert "long_days: 90" in file_of(site).read_text("utf-8")
    assert second.get(path).status_code == 404


def with_room_for_copies(written):
    """Return what writes files as ever, but for one of the council's own folder of rules."""
    real = drafting.private_files.write

    def write(path: Path, *given: object, **how: object):
        return written() if path.parent.parent.name == "rules" else real(path, *given, **how)

    return write


def test_what_nobody_released_is_not_written_by_asking_for_it(site):
    author, path = begun(site)
    do(site, author, path, "save", text=changed(site))
    refused = do(site, author, path, "write")

    assert (refused.status_code, "It is not released as it is" in words(refused)) == (409, True)
    assert "long_days: 50" in file_of(site).read_text("utf-8")


def test_a_draft_that_is_begun_from_what_was_just_released_is_not_released_itself(site):
    author, path = begun(site)
    do(site, author, path, "save", text=changed(site))
    do(site, author, path, "ask", note="please")
    do(site, site.reader("admin"), path, "approve")
    again, its_path = begun(site)

    assert its_path == path, "it has another number, and so tries nothing here"
    assert "Two people have released it" not in words(again.get(path))
    assert do(site, again, path, "write").status_code == 409


def test_nobody_is_kept_from_writing_while_a_draft_is_checked(site, monkeypatch):
    author, path = begun(site)
    do(site, author, path, "save", text=changed(site))
    store, real, checked = site.council.store(), drafting.check_text, []

    def check(*given: object):
        with store.transaction() as connection:
            store_acts.keep(connection, SERVICE, ActKind.trail_read, "meanwhile", NOON)
        checked.append(real(*given))
        return checked[-1]

    monkeypatch.setattr(drafting, "check_text", check)
    assert do(site, author, path, "ask", note="please").status_code == 303
    assert do(site, site.reader("admin"), path, "approve").status_code == 303
    assert len(checked) == 2
    assert ("trail read", "service", "meanwhile") in acts(site)


def test_a_draft_that_is_changed_has_to_be_asked_for_anew(site):
    author, path = begun(site)
    do(site, author, path, "ask", note="please")
    second, seen = site.reader("admin"), mark(site, path)
    do(site, author, path, "save", text=changed(site))
    second.get("/a/A-ZZZZZZZZ")

    refused = second.send(f"{path}/approve", mark=seen)
    assert (refused.status_code, "Somebody has changed it since you opened it" in words(refused)) == (409, True)
    assert do(site, second, path, "approve").status_code == 409
    assert [kind for kind, _, _ in acts(site)][-2:] == ["rule drafted", "withdrawal"]
    assert "long_days: 50" in file_of(site).read_text("utf-8")


def test_what_was_written_is_not_lost_where_somebody_else_was_faster(site):
    author, path = begun(site)
    seen, mine = mark(site, path), changed(site, "long_days: 50", "long_days: 70")
    do(site, site.reader("admin"), path, "save", text=changed(site))
    author.get(DRAFTS)
    refused = author.send(f"{path}/save", mark=seen, text=mine)

    assert (refused.status_code, "long_days: 70" in refused.text) == (409, True)


def test_whoever_is_shown_their_own_text_cannot_release_the_one_that_they_were_not_shown(site):
    author, path = begun(site)
    second, seen, mine = site.reader("admin"), mark(site, path), changed(site, "long_days: 50", "long_days: 70")
    second.get(DRAFTS)
    do(site, author, path, "save", text=changed(site, "long_days: 50", "long_days: 1"))
    do(site, author, path, "ask", note="please")
    refused = second.send(f"{path}/save", mark=seen, text=mine)

    assert "The text here is yours, and is not saved" in words(refused)
    assert f"{path}/approve" not in refused.text
    assert f"{path}/approve" in second.get(path).text


def test_it_is_released_where_its_draft_is_read_and_nowhere_else(site):
    author, path = begun(site)
    do(site, author, path, "ask", note="please")
    with site.council.reading() as connection:
        [request] = store_acts.all_waiting(connection)
    admin = site.reader("admin")
    assert f'href="{path}"' in admin.get("/service/waiting").text
    refused = admin.send("/service/waiting/approve", request=request.id)
    assert (refused.status_code, "is not approved here" in words(refused)) == (409, True)
    with pytest.raises(HandlingError, match="a rule is released on the page"):
        Granting(request=request, actions=None, marker=None).do()  # as a command would


def test_what_is_no_draft_is_not_kept(site):
    author, path = begun(site)
    for text in ("", "x" * (drafting.LONGEST + 1)):
        assert do(site, author, path, "save", text=text).status_code == 409
    assert author.get(f"{DRAFTS}/x").status_code == 404
    assert author.get(f"{DRAFTS}/99").status_code == 404
    assert do(site, author, path, "nothing").status_code == 404
    again = site.reader("admin")
    again.get(DRAFTS)
    assert again.send(DRAFTS, code="PL-01").status_code == 409
    assert again.send(DRAFTS, code="XX-99").status_code == 409
    assert "The draft is discarded" in then(site, again, path, "discard")
    assert again.get(path).status_code == 404


def test_what_was_asked_of_a_draft_ends_with_it_and_is_not_asked_of_the_next_one_of_its_number(site):
    author, path = begun(site)
    do(site, author, path, "ask", note="please")
    do(site, author, path, "discard")

    _, again = begun(site)
    assert again == path
    assert do(site, site.reader("admin"), again, "approve").status_code == 409
    assert [kind for kind, _, _ in acts(site)] == ["rule drafted", "request", "draft discarded", "withdrawal", "rule drafted"]


def test_what_nobody_released_in_time_is_asked_for_anew(site):
    author, path = begun(site)
    do(site, author, path, "ask", note="please")
    assert do(site, author, path, "ask", note="please").status_code == 409
    with site.council.store().transaction() as connection:
        connection.exec_driver_sql("UPDATE act SET at = '2026-01-05 12:00:00.000000' WHERE kind = 'request'")

    assert do(site, site.reader("admin"), path, "approve").status_code == 409
    assert "A second person is asked" in then(site, author, path, "ask", note="please")
    assert [kind for kind, _, _ in acts(site)] == ["rule drafted", "request", "lapse", "request"]


def test_a_second_rule_like_another_is_off_until_its_draft_says_otherwise(site):
    author, path = begun(site, how="beside", title="Very long on a plan")
    do(site, author, path, "ask", note="please")
    do(site, site.reader("admin"), path, "approve")

    made = file_of(site).with_name("very-long-on-a-plan.yaml")
    assert made.stat().st_mode & 0o077 == 0
    assert "off" in words(site.reader("admin").get("/service/rules?state=off"))


@pytest.mark.parametrize("person", ["M1", "W1", "stranger"])
def test_it_is_for_those_who_look_after_rules(site, person):
    _, path = begun(site)
    browser = site.reader(person)
    browser.follow("/")
    token = browser.token()
    for page in (DRAFTS, path, f"{path}/try"):
        assert browser.get(page).status_code in (403, 404)
    for form in (DRAFTS, f"{path}/save", f"{path}/approve"):
        assert browser.send(form, token=token, text="x").status_code in (403, 404)


def test_without_a_word_of_config_yaml_there_is_none_of_it(site):
    _, path = begun(site)
    kept = site.council.config.read_text("utf-8")
    site.council.config.write_text(kept.replace("  drafts: true\n", ""), "utf-8")
    try:
        admin = site.reader("admin")
        assert "Drafts of rules" not in words(admin.get("/service/rules"))
        token = admin.token()
        for page in (DRAFTS, path, f"{path}/try"):
            assert admin.get(page).status_code == 404
        for form in (DRAFTS, f"{path}/save", f"{path}/approve"):
            assert admin.send(form, token=token, text="x", code="PL-01").status_code == 404
    finally:
        site.council.config.write_text(kept, "utf-8")
        site.council.read_anew()


# ---- where it is written


def draft_of(rule: str, text: str, based_on: str | None = None) -> RuleDraft:
    return RuleDraft(id=1, rule=rule, text=text, based_on=based_on, by="P1", at=NOON)


def test_of_a_rule_that_comes_with_the_service_a_copy_takes_its_place_in_the_councils_folder(tmp_path):
    council = MadeCouncil(tmp_path)
    (tmp_path / "own" / "local").mkdir(parents=True)
    app = build(council.configure("sqlite:///alerting.db", rules={"path": "own"}))
    begun = drafting.begin(app, "CP-03", beside=False, title=None)
    assert "replaces: cp-visit-overdue" in begun.text
    assert drafting.check_text(app, begun.rule, begun.text, MONDAY).is_sound
    place = drafting.write(app, draft_of(begun.rule, begun.text))

    assert place == tmp_path / "own" / "local" / "cp-visit-overdue-local.yaml"
    assert [path.name for path in (tmp_path / "own" / "local").iterdir()] == [place.name]
    # Once more, as after a release that came no further than the file, it is the same; of another text it is not.
    assert drafting.write(app, draft_of(begun.rule, begun.text)) == place
    with pytest.raises(HandlingError, match="there is a file cp-visit-overdue-local"):
        drafting.write(app, draft_of(begun.rule, begun.text + "# more\n"))


def test_where_the_folder_of_rules_cannot_be_used_that_is_what_is_wrong_and_nothing_is_written(site):
    app, text = site.council.app(), changed(site)
    settings = site.office.folder / "rules" / "settings.yaml"
    settings.write_text("params: [", "utf-8")
    checked = drafting.check_text(app, "plan-long", text, MONDAY)

    assert (checked.is_sound, len(checked.faults)) == (False, 1)
    with pytest.raises(HandlingError, match="it has faults"):
        drafting.must_be_sound(app, draft_of("plan-long", text, mark_of(file_of(site).read_bytes())), MONDAY)
    file_of(site).write_bytes(b"\xff")
    with pytest.raises(HandlingError, match="cannot be read"):
        drafting.begin(app, "PL-01", beside=False, title=None)


def test_of_a_folder_that_is_kept_by_git_the_history_is_left_alone(site):
    history = site.office.folder / "rules" / ".git"
    history.mkdir()
    (history / "HEAD").symlink_to("what-cannot-be-copied")

    assert drafting.check_text(site.council.app(), "plan-long", changed(site), MONDAY).is_sound


def test_nothing_is_written_outside_the_folder(site, tmp_path):
    app = site.council.app()
    for rule in ("../settings", "a/b", "", "x" * 101, "Plan"):
        with pytest.raises(HandlingError, match="would not lie in the council's own folder"):
            drafting.place_of(app, rule)
    elsewhere = tmp_path / "elsewhere.yaml"
    elsewhere.write_text(file_of(site).read_text("utf-8"), "utf-8")
    file_of(site).unlink()
    file_of(site).symlink_to(elsewhere)
    with pytest.raises(HandlingError, match="would not lie in the council's own folder"):
        drafting.write(app, draft_of("plan-long", changed(site), mark_of(elsewhere.read_bytes())))
    assert "long_days: 50" in elsewhere.read_text("utf-8")


def test_nothing_is_written_where_the_folder_for_the_councils_own_rules_leads_elsewhere(site, tmp_path):
    app, text, local = site.council.app(), changed(site), file_of(site).parent
    based_on = mark_of(file_of(site).read_bytes())
    shutil.move(local, tmp_path / "elsewhere")
    local.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(HandlingError, match="would not lie in the council's own folder"):
        drafting.write(app, draft_of("plan-long", text, based_on))
