-- One row per child who is an eligible child today: since when. So many different days in care (`eligible_days`) on or after the
-- birthday of `eligible_care_from_age`, short breaks left out, and the birthday of `eligible_age` has passed.
WITH episode AS (
  SELECT DISTINCT clae_person_id AS person_id, clae_cla_episode_start_date AS starts, clae_cla_episode_ceased_date AS ends
  FROM ssd_cla_episodes
  WHERE clae_cla_episode_start_date <= as_of()
), status AS (
  SELECT e.person_id, e.starts, list(DISTINCT lega_legal_status_code) AS statuses
  FROM (SELECT DISTINCT person_id, starts FROM episode) e
  JOIN ssd_legal_status ON lega_person_id = e.person_id
  WHERE lega_legal_status_start_date <= e.starts AND (lega_legal_status_end_date IS NULL OR lega_legal_status_end_date > e.starts)
    AND lega_legal_status_code <> 'UNMAPPED'
  GROUP BY e.person_id, e.starts
), counting AS (
  -- Until: the first day that is not covered.
  SELECT e.person_id, greatest(e.starts, birthday(c.dob, param('eligible_care_from_age'))) AS starts,
    least(coalesce(e.ends, as_of() + 1), as_of() + 1) AS until
  FROM episode e
  JOIN v_child c ON c.person_id = e.person_id AND c.dob IS NOT NULL
  LEFT JOIN status s ON s.person_id = e.person_id AND s.starts = e.starts
  WHERE NOT coalesce(list_has_any(s.statuses, param('short_break_statuses'))
    AND NOT list_has_any(s.statuses, param('full_care_statuses')), false)
), beyond AS (
  SELECT person_id, starts, until, max(until) OVER (
      PARTITION BY person_id ORDER BY starts, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS covered
  FROM counting
  WHERE until > starts
), added AS (
  SELECT person_id, greatest(starts, covered) AS starts, until - greatest(starts, covered) AS n,
    sum(until - greatest(starts, covered)) OVER (PARTITION BY person_id ORDER BY starts, until) AS so_far
  FROM beyond
  WHERE covered IS NULL OR until > covered
), reached AS (
  SELECT person_id, min(starts + CAST(param('eligible_days') - (so_far - n) - 1 AS INTEGER)) AS reached_on
  FROM added
  WHERE so_far >= param('eligible_days')
  GROUP BY person_id
)
SELECT person_id, greatest(birthday(c.dob, param('eligible_age')), reached_on) AS eligible_on
FROM reached
JOIN v_child c USING (person_id)
WHERE greatest(birthday(c.dob, param('eligible_age')), reached_on) <= as_of()
