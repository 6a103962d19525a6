-- One row per person whose case waits for a worker today: an involvement in the role of one is open, and held by a tray or by nobody.
-- team_id: the team that it names, of the latest.
WITH waiting AS MATERIALIZED ( -- few, so that hardly a role is read
  SELECT invo_person_id AS person_id, invo_professional_team AS team_id, invo_involvement_start_date AS started,
    invo_involvements_id AS involvement_id, invo_professional_role_id AS role
  FROM ssd_involvements
  WHERE invo_professional_team IS NOT NULL AND invo_person_id IS NOT NULL
    AND is_open(invo_involvement_start_date, invo_involvement_end_date)
    AND (invo_professional_id IS NULL OR invo_professional_id IN (SELECT worker_id FROM v_pseudo))
)
SELECT person_id, team_id
FROM waiting
WHERE list_contains(list_transform(param('allocated_roles'), lambda each: norm(each)), norm(role))
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY started DESC NULLS LAST, involvement_id DESC NULLS LAST, team_id DESC) = 1
