-- One row per person whose case waits for a worker today: an involvement in the role of one is open, and held by a tray or by nobody.
-- team_id: the team that it names, of the latest.
SELECT invo_person_id AS person_id, invo_professional_team AS team_id
FROM ssd_involvements
WHERE invo_professional_team IS NOT NULL AND invo_person_id IS NOT NULL
  AND is_open(invo_involvement_start_date, invo_involvement_end_date)
  AND list_contains(list_transform(param('allocated_roles'), lambda role: norm(role)), norm(invo_professional_role_id))
  AND (invo_professional_id IS NULL OR invo_professional_id IN (SELECT worker_id FROM v_pseudo))
QUALIFY row_number() OVER (PARTITION BY invo_person_id ORDER BY invo_involvement_start_date DESC NULLS LAST,
  invo_involvements_id DESC NULLS LAST, invo_professional_team DESC) = 1
