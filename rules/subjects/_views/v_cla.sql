-- One row per child looked after today: under 18, short breaks left out; the latest open episode counts.
-- entered: when this period of care began. n_open: different open episodes.
WITH open_episode AS (
  SELECT clae_person_id AS person_id, clae_cla_episode_id AS episode_id, clae_cla_episode_start_date AS started,
    clae_cla_id AS cla_id, clae_entered_care_date AS entered
  FROM ssd_cla_episodes
  JOIN v_child c ON c.person_id = clae_person_id
  WHERE c.under_18 AND c.person_id NOT IN (SELECT person_id FROM v_short_break)
    AND is_open(clae_cla_episode_start_date, clae_cla_episode_ceased_date)
), latest AS (
  SELECT * FROM open_episode
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY started DESC NULLS LAST, episode_id DESC NULLS LAST,
    cla_id DESC NULLS LAST, entered DESC NULLS LAST) = 1
), counted AS (
  SELECT person_id, count(DISTINCT episode_id) AS n_open FROM open_episode GROUP BY person_id
), period AS (
  SELECT clae_person_id AS person_id, clae_cla_id AS cla_id, min(clae_cla_episode_start_date) AS started
  FROM ssd_cla_episodes
  GROUP BY clae_person_id, clae_cla_id
)
SELECT l.person_id, l.cla_id, l.episode_id, l.started AS episode_start, counted.n_open,
  coalesce(l.entered, CASE WHEN l.cla_id IS NULL THEN l.started ELSE period.started END) AS entered
FROM latest l
JOIN counted USING (person_id)
LEFT JOIN period ON period.person_id = l.person_id AND period.cla_id = l.cla_id
