-- One row per child and period of care (member) that no rule about children in care asks of any more, and why.
SELECT person_id, cla_id AS member, CASE
  WHEN ceased THEN 'care ended'
  WHEN goes_on AND person_id IN (SELECT person_id FROM v_short_break) THEN 'short breaks only'
  WHEN goes_on AND person_id IN (SELECT person_id FROM v_cla) THEN 'no longer in scope'
END AS reason
FROM (
  SELECT clae_person_id AS person_id, clae_cla_id AS cla_id,
    bool_and(coalesce(clae_cla_episode_ceased_date <= as_of(), false)) AS ceased,
    bool_or(is_open(clae_cla_episode_start_date, clae_cla_episode_ceased_date)) AS goes_on
  FROM ssd_cla_episodes
  GROUP BY clae_person_id, clae_cla_id
)
