"""The functions that all SQL over case data may use, beside those of the engine.

In SQL, `as_of()` is the business date, `param('name')` a shared parameter, and these are the shared functions:
`clean norm yes number_of day_of real_day is_open wd_between wd_add add_months age birthday days`.
"""

from __future__ import annotations

from alerting.casedata.conversion import SPACE, TYPOGRAPHIC, WHITE

MACROS = (
    r"""
CREATE MACRO as_of() AS getvariable('as_of');
CREATE MACRO param(name) AS getvariable(name);
CREATE MACRO stripped(x) AS trim(x, {space});
CREATE MACRO clean(x) AS CASE WHEN upper(stripped(x)) IN ('', 'NULL', 'SSD_PH', 'PLACEHOLDER_DATA', '#N/A') THEN NULL
  ELSE stripped(x) END;
CREATE MACRO id_of(x) AS CASE WHEN clean(x) IN ('-1', '0') THEN NULL ELSE clean(x) END;
CREATE MACRO norm(x) AS trim(regexp_replace(lower(translate(clean(x), {typographic}, ' ''''--')),
  '{white}', ' ', 'g'));
CREATE MACRO yes(x) AS coalesce(norm(x) IN ('y', 'yes', '1', 'true', 'a) yes'), false);
CREATE MACRO number_of(x) AS CASE WHEN regexp_full_match(clean(x), '-?[0-9]+([.][0-9]+)?') THEN try_cast(clean(x) AS DOUBLE) END;
CREATE MACRO iso_moment(x) AS CASE
  WHEN regexp_full_match(clean(x), '\d{4}-\d{2}-\d{2}([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d+)?)?Z?)?') THEN clean(x)
  WHEN regexp_full_match(clean(x), '\d{2}/\d{2}/\d{4}([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d([.]\d+)?)?Z?)?')
    THEN concat(substr(clean(x), 7, 4), '-', substr(clean(x), 4, 2), '-', left(clean(x), 2), substr(clean(x), 11)) END;
CREATE MACRO day_of(x) AS try_cast(left(iso_moment(x), 10) AS DATE);
CREATE MACRO moment_of(x) AS try_cast(rtrim(iso_moment(x), 'Z') AS TIMESTAMP);
CREATE MACRO real_day(d) AS CASE WHEN d >= DATE '1901-01-02' AND d < DATE '2100-01-01' THEN d END;
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
""".replace("{space}", SPACE)
    .replace("{typographic}", TYPOGRAPHIC)
    .replace("{white}", WHITE)
)
