-- Children looked after today, short breaks left out, with when they came into care.
WITH period AS (
  SELECT clae_person_id AS id, clae_cla_id AS cla_id, min(clae_cla_episode_start_date) AS begun FROM ssd_cla_episodes GROUP BY 1, 2
), latest AS (
  SELECT clae_person_id AS id, clae_cla_id AS cla_id, clae_cla_episode_start_date AS starts, clae_entered_care_date AS entered
  FROM ssd_cla_episodes
  WHERE clae_cla_episode_start_date <= as_of() AND (clae_cla_episode_ceased_date IS NULL OR clae_cla_episode_ceased_date > as_of())
    AND clae_person_id IN (SELECT id FROM minor)
    AND clae_person_id NOT IN (SELECT id FROM legal GROUP BY id HAVING bool_or(status IN ('V1', 'V3', 'V4'))
      AND NOT bool_or(status IN ('C1', 'C2', 'D1', 'E1', 'V2', 'L1', 'L2', 'L3', 'J1', 'J2', 'J3')))
  QUALIFY row_number() OVER (PARTITION BY clae_person_id ORDER BY clae_cla_episode_start_date DESC, clae_cla_episode_id DESC NULLS LAST,
    clae_cla_id DESC NULLS LAST, clae_entered_care_date DESC NULLS LAST) = 1
)
SELECT l.id, l.cla_id, coalesce(l.entered, CASE WHEN l.cla_id IS NULL THEN l.starts ELSE p.begun END) AS entered
FROM latest l LEFT JOIN period p ON p.id = l.id AND p.cla_id = l.cla_id
