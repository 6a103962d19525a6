WITH of_age AS (
  SELECT id, birthday(dob, 18) AS on
  FROM child
  WHERE id IN (SELECT clae_person_id FROM ssd_cla_episodes
      WHERE clae_cla_episode_start_date <= as_of() AND (clae_cla_episode_ceased_date IS NULL OR clae_cla_episode_ceased_date > as_of()))
    AND id NOT IN (SELECT id FROM legal GROUP BY id HAVING bool_or(status IN ('V1', 'V3', 'V4'))
      AND NOT bool_or(status IN ('C1', 'C2', 'D1', 'E1', 'V2', 'L1', 'L2', 'L3', 'J1', 'J2', 'J3')))
)
SELECT id, id AS person, CASE WHEN of_age.on <= as_of() AND (SELECT no FROM calendar WHERE d = as_of()) - c.no > 5 THEN 'amber' END AS level
FROM of_age JOIN calendar c ON c.d = of_age.on
