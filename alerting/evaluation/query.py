"""The whole question a rule asks, as one query: a row for each subject of its population, or for each team of them."""

from __future__ import annotations

from alerting.casedata.conversion import quoted
from alerting.expressions.aggregates import ROWS
from alerting.model import Level
from alerting.rulebook.rule import Rule

ROLES = ("team", "worker", "adviser", "service", "person", "member")


def rule_query(rule: Rule) -> str:
    """Return the query of a rule, which gives: rule, subject, outcome, level, measure, due, team, worker, adviser, service, person, member, also, facts.

    Its subject's table must be there, and for a rule with `per` ext_team and ext_staff.
    """
    query = measured_rows(rule)
    missing = f"WHEN s.measure IS NULL THEN {int(Level[rule.file.when_null])} " if rule.file.when_null else ""
    level = " ".join(f"WHEN {compiled.sql} THEN {int(level)}" for level, compiled in rule.levels.items())
    doubt = " OR ".join(f"({compiled.sql}) IS NULL" for compiled in rule.levels.values())
    query = f'SELECT s.*, CASE {missing}{level} END AS "level", ({doubt}) AS "in doubt" FROM ({query}) s'
    matched = '"in population" AND s."level" IS NOT NULL'
    outcome = """CASE WHEN "in population" IS NULL THEN 'unknown' WHEN s."level" IS NOT NULL THEN 'match'
        WHEN "in doubt" THEN 'unknown' ELSE 'clear' END"""
    also = " || ".join(f"CASE WHEN {compiled.sql} THEN '{role} ' ELSE '' END" for role, compiled in rule.also.items()) or "''"
    facts = ", ".join(f"{quoted(name)} := {_fact(rule, name)}" for name in rule.facts)
    named = _named(rule)
    return f"""SELECT '{rule.id}', {named["key"]}, {outcome}, CASE WHEN {matched} THEN s."level" END, s.measure,
        CASE WHEN {matched} THEN {_due(rule)} END,
        {", ".join(named[role] for role in ROLES)},
        CASE WHEN {matched} THEN trim({also}) ELSE '' END,
        CASE WHEN {matched} THEN {f"CAST(to_json(struct_pack({facts})) AS VARCHAR)" if facts else "'{}'"} END
        FROM ({query}) s"""


def _fact(rule: Rule, name: str) -> str:
    """Return the SQL of a fact as its reader sees it: a moment as clocks in London showed it."""
    column, step = rule.subject.columns.get(name), rule.let.get(name)
    is_moment = column.type == "moment" if column else step is not None and step.type == "moment"
    return f"strftime(london(s.{quoted(name)}), '%Y-%m-%dT%H:%M')" if is_moment else f"s.{quoted(name)}"


def measured_rows(rule: Rule) -> str:
    """Return the SQL of the rows that the levels are asked of: those of the population, or of each group of them, with the measure."""
    return _group_rows(rule) if rule.file.per else _subject_rows(rule)


def population_rows(rule: Rule) -> str:
    """Return the SQL of the subjects a rule asks about, with its steps; those of whom that is not known as well."""
    query = f'SELECT s.*, {rule.where.sql} AS "in population" FROM {quoted("subject_" + rule.subject.id)} s'
    query = f'SELECT s.* FROM ({query}) s WHERE "in population" IS DISTINCT FROM false'
    for name, step in rule.let.items():
        query = f"SELECT s.*, {step.sql} AS {quoted(name)} FROM ({query}) s"
    return query


def required_rows(rule: Rule) -> str:
    """Return the SQL of those in the population of whom the columns that the rule requires must be filled."""
    return f"SELECT s.* FROM ({population_rows(rule)}) s WHERE {rule.requires_of.sql}"


def _subject_rows(rule: Rule) -> str:
    return f"SELECT s.*, {_measure(rule)} AS measure FROM ({population_rows(rule)}) s"


# What is beyond all numbers or in no calendar is not recorded: it could be neither kept nor told. A filter of a list of one
# names the value once, where a CASE would write its SQL out twice.
def _measure(rule: Rule) -> str:
    return f"list_filter([CAST({rule.measure.sql if rule.measure else 'NULL'} AS DOUBLE)], lambda x: isfinite(x))[1]"


def _due(rule: Rule) -> str:
    due = f"CAST({rule.due.sql if rule.due else 'NULL'} AS DATE)"
    return f"list_filter([{due}], lambda day: day BETWEEN DATE '0001-01-01' AND DATE '9999-12-31')[1]"


# As `casedata.directory` reads them: a service whatever its case, each team once, and of a worker's posts the one they hold.
_SERVICES = "(SELECT team_id, min(lower(service)) AS service FROM ext_team GROUP BY team_id)"
_POST = """(SELECT first(e.team_id ORDER BY coalesce(e.starts_on <= as_of(), true) AND coalesce(e.ends_on >= as_of(), true) DESC,
    e.starts_on DESC NULLS LAST, e.team_id DESC NULLS LAST) FROM ext_staff e WHERE e.worker_id = s."group")"""


def directory_keys(rule: Rule) -> tuple[str, str]:
    """Return what the directory calls the teams, workers or services that a rule with `per` asks about, as SQL, and its table."""
    return {"worker": ("worker_id", "ext_staff"), "service": ("lower(service)", "ext_team")}.get(
        rule.file.per or "", ("team_id", "ext_team")
    )


def _group_rows(rule: Rule) -> str:
    """Return the SQL of a row for each team, worker or service: those of the directory, and those with a subject of any kind.

    One that has none in the population stands there too, so that what has gone down to nothing is clear and not absent;
    only where nothing can be measured of it, such as a share of nobody, it is not asked about. Subjects of whom it is
    not known whether they belong to the population are not counted.
    """
    subject = quoted(f"subject_{rule.subject.id}")
    team, worker = quoted(rule.subject.team or ""), quoted(rule.subject.worker or rule.subject.team or "")
    services = f'(SELECT r.*, t.service AS "its service" FROM {{rows}} r LEFT JOIN {_SERVICES} t ON t.team_id = r.{team})'
    group = {"team": team, "worker": worker, "service": '"its service"'}[rule.file.per or "team"]
    listed, table = directory_keys(rule)
    rows, every = f"({population_rows(rule)})", subject
    if rule.file.per == "service":
        rows, every = services.format(rows=rows), services.format(rows=every)
    query = f"""SELECT g.key AS "group", mode(s.{team} ORDER BY s.{team}) AS "own team", {_measure(rule)} AS measure, count(*) FILTER (WHERE {ROWS}) AS "rows"
        FROM (SELECT {group} AS key FROM {every} UNION SELECT {listed} FROM {table}) g
        LEFT JOIN (SELECT p.*, true AS "is row" FROM {rows} p WHERE p."in population") s ON s.{group} = g.key
        WHERE g.key IS NOT NULL GROUP BY g.key"""
    return f"""SELECT s.*, CASE WHEN s."rows" >= {rule.file.at_least} THEN true END AS "in population"
        FROM ({query}) s WHERE s."rows" > 0 OR s.measure IS NOT NULL"""


def _named(rule: Rule) -> dict[str, str]:
    """Return the SQL of whom an answer is about, and of whose it is."""
    subject = rule.subject
    if not rule.file.per:
        columns = {role: getattr(subject, role) for role in ROLES} | {"key": subject.key}
        return {role: f"s.{quoted(name)}" if name else "NULL" for role, name in columns.items()}
    named = dict.fromkeys(ROLES, "CAST(NULL AS VARCHAR)") | {"key": 's."group"'}
    if rule.file.per == "team":
        return named | {"team": 's."group"'}
    if rule.file.per == "worker":
        return named | {"worker": 's."group"', "team": f'coalesce({_POST}, s."own team")'}
    return named | {"service": 's."group"'}
