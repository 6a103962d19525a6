-- One row per involvement of a real worker in a role that counts, and per kind of role (held_as: allocated, social worker,
-- personal adviser): a role may be of several kinds. Everybody's, sealed people and those who died included.
-- now: whether it is open today.
WITH kind AS (
  SELECT held_as, norm(unnest(roles)) AS role
  FROM (VALUES
    ('allocated', param('allocated_roles')),
    ('social worker', param('allocated_social_worker_roles')),
    ('personal adviser', param('personal_adviser_roles'))
  ) AS listed(held_as, roles)
), written AS (
  SELECT DISTINCT invo_professional_role_id AS word FROM ssd_involvements
), held AS (
  SELECT DISTINCT held_as, word FROM written JOIN kind ON role = norm(word)
), once AS (
  SELECT DISTINCT invo_involvements_id AS involvement_id, invo_referral_id AS referral_id, invo_professional_role_id AS word,
    invo_person_id AS person_id, invo_professional_id AS worker_id, invo_professional_team AS team_id,
    invo_involvement_start_date AS started, invo_involvement_end_date AS ended
  FROM ssd_involvements
  WHERE invo_professional_id IS NOT NULL AND invo_person_id IS NOT NULL AND invo_professional_role_id IN (SELECT word FROM held)
    AND invo_professional_id NOT IN (SELECT worker_id FROM v_pseudo)
)
SELECT held_as, involvement_id, referral_id, word, person_id, worker_id, team_id, started, ended, is_open(started, ended) AS now
FROM once
JOIN held USING (word)
