"""The functions that all SQL over case data may use, beside those of the engine.

In SQL, `as_of()` is the business date, `param('name')` a shared parameter, and these are the shared functions:
`clean norm yes number_of day_of real_day is_open wd_between wd_add add_months age birthday days`; those about moments
stand in `clocks`, those about outcomes and factors in `outcomes`. docs/reference/subjects.md says what each gives.
"""

from __future__ import annotations

from alerting.casedata import cells, clocks, outcomes

CALENDAR = (
    # no: working days up to and including d. no_before: up to the day before.
    """CREATE TABLE calendar AS
    SELECT d, sum(working) OVER (ORDER BY d)::INTEGER AS no, (sum(working) OVER (ORDER BY d) - working)::INTEGER AS no_before
    FROM (SELECT d, (isodow(d) < 6 AND NOT list_contains($3::DATE[], d))::INTEGER AS working
          FROM (SELECT range::DATE AS d FROM range($1::DATE, $2::DATE + 1, INTERVAL 1 DAY)))""",
    # `counted` is the same as lists in one row: a look-up that can stand in another, where a join in a join takes for ever.
    """CREATE TABLE working_day AS SELECT no, d FROM calendar WHERE no > no_before;
    CREATE TABLE counted AS SELECT list(no ORDER BY d) AS numbers, list(no_before ORDER BY d) AS before,
    list(no_before::BIGINT * 2 + no - no_before ORDER BY d) AS doubled, -- odd where d is one of them
    list(d ORDER BY d) FILTER (no > no_before) AS days FROM calendar""",
)
"""How the calendar is made of its first and last day and the bank holidays, which the first of these is given."""

LOADED_AT = """SET VARIABLE loaded_at = (SELECT coalesce(map_from_entries(list((name, latest))), MAP {}::MAP(VARCHAR, TIMESTAMP)) FROM (
    SELECT lower(table_name) AS name, max(loaded_at_moment) AS latest FROM ext_load
    WHERE table_name IS NOT NULL AND loaded_at_moment IS NOT NULL GROUP BY 1))"""
"""How the latest load of each table is kept, for `known_at`."""

NO_LOADS = "SET VARIABLE loaded_at = MAP {}::MAP(VARCHAR, TIMESTAMP)"

MACROS = (
    cells.MACROS
    + """
CREATE MACRO as_of() AS getvariable('as_of');
CREATE MACRO param(name) AS getvariable(name);
CREATE MACRO is_open(starts, ends) AS coalesce(starts <= getvariable('as_of') AND (ends IS NULL OR ends > getvariable('as_of')), false);
CREATE MACRO days(n) AS CAST(n AS INTEGER);
CREATE MACRO wd_between(a, b) AS CASE WHEN b <= a THEN 0
  ELSE (SELECT no FROM calendar WHERE d = b) - (SELECT no FROM calendar WHERE d = a) END;
CREATE MACRO wd_add(a, n) AS CASE WHEN n = 0 THEN a ELSE
  (SELECT w.d FROM calendar c JOIN working_day w
   ON w.no = CASE WHEN n > 0 THEN c.no ELSE c.no_before + 1 END + CAST(n AS INTEGER) WHERE c.d = a) END;
CREATE MACRO add_months(day, n) AS CAST(day + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE MACRO age(born, day) AS year(day) - year(born) -
  CASE WHEN (month(day), day(day)) < (month(born), day(born)) THEN 1 ELSE 0 END;
CREATE MACRO birthday(born, n) AS CASE
  WHEN month(born) = 2 AND day(born) = 29 AND day(last_day(make_date(year(born) + CAST(n AS BIGINT), 2, 1))) = 28
    THEN make_date(year(born) + CAST(n AS BIGINT), 3, 1)
  ELSE make_date(year(born) + CAST(n AS BIGINT), month(born), day(born)) END;
CREATE MACRO run_at() AS getvariable('run_at');
CREATE MACRO known_at(name) AS least(getvariable('run_at'), getvariable('loaded_at')[lower(name)]);
CREATE MACRO last_month() AS CAST(date_trunc('month', getvariable('as_of')) - INTERVAL 1 MONTH AS DATE);
CREATE MACRO last_week() AS getvariable('as_of') - CAST(isodow(getvariable('as_of')) AS INTEGER) - 6;
CREATE MACRO wds(first, last) AS (SELECT no FROM calendar WHERE d = last) - (SELECT no_before FROM calendar WHERE d = first);
CREATE MACRO months_since(day) AS list_transform([date_diff('month', day, getvariable('as_of'))],
  lambda n: n - CASE WHEN add_months(day, n) > getvariable('as_of') THEN 1 ELSE 0 END)[1];
CREATE MACRO run_back(day, others, gap) AS list_reduce(
  list_reverse_sort(list_filter(CAST(others AS DATE[][]), lambda other: other[1] < day)),
  lambda first, other: CASE WHEN other[1] < first[1] AND coalesce(other[2] >= first[1] - CAST(gap AS INTEGER), true) THEN other
    ELSE first END, [day, day])[1];
CREATE MACRO urn_ok(x) AS coalesce(regexp_full_match(regexp_replace(upper(clean(x)), '[[:space:]]', '', 'g'), 'SC[0-9]{6}|[0-9]{7}|XXXXXXX'), false);
CREATE MACRO has_word(x, words) AS coalesce(len(list_filter(words, lambda word: contains(norm(x), norm(word)))) > 0, false);
CREATE MACRO asylum(x) AS has_word(x, CAST(getvariable('asylum_words') AS VARCHAR[]));
CREATE MACRO uasc(x) AS has_word(x, CAST(getvariable('uasc_words') AS VARCHAR[]));
"""
    + clocks.MACROS
    + """
CREATE MACRO end_of(d) AS from_london(CAST(d + 1 AS TIMESTAMP));
"""
    + outcomes.MACROS
)
