-- One row per child looked after who is in a placement today, the row that v_place_now takes: urn, the home's number; distance,
-- in miles from home. A view of its own: an extract without these columns stops only the rules that ask for them.
SELECT person_id, clap_cla_placement_type_code AS ptype, clap_cla_placement_start_date AS pstart,
  clap_cla_placement_urn AS urn, clap_cla_placement_distance AS distance
FROM v_cla
JOIN ssd_cla_placement ON clap_cla_id = cla_id
WHERE is_open(clap_cla_placement_start_date, clap_cla_placement_end_date)
  AND NOT coalesce(list_contains(param('temporary_placements'), clap_cla_placement_type_code), false)
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY clap_cla_placement_start_date DESC NULLS LAST,
  clap_cla_placement_id DESC NULLS LAST, clap_cla_placement_type_code DESC NULLS LAST, clap_cla_placement_urn DESC NULLS LAST,
  clap_cla_placement_distance DESC NULLS LAST) = 1
