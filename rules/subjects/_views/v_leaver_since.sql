-- One row per person who has left care: since when. The end of the latest episode, else the 18th birthday if it has passed.
WITH ceased AS (
  SELECT clae_person_id AS person_id, max(clae_cla_episode_ceased_date) AS ceased_on
  FROM ssd_cla_episodes
  WHERE clae_cla_episode_ceased_date <= as_of()
  GROUP BY clae_person_id
), grown AS (
  SELECT person_id, birthday(dob, param('adult_age')) AS grown_on FROM v_child WHERE dob IS NOT NULL
)
SELECT person_id, coalesce(ceased_on, CASE WHEN grown_on <= as_of() THEN grown_on END) AS leaver_since
FROM v_child
LEFT JOIN ceased USING (person_id)
LEFT JOIN grown USING (person_id)
WHERE coalesce(ceased_on, CASE WHEN grown_on <= as_of() THEN grown_on END) IS NOT NULL
