-- One row per period of care with a review held: the different days, in order. Cancelled ones and bookings are not held.
WITH held AS (
  SELECT clar_cla_id AS cla_id, list_sort(list(DISTINCT clar_cla_review_date)) AS review_dates
  FROM ssd_cla_reviews
  WHERE clar_cla_id IS NOT NULL AND clar_cla_review_date <= as_of() AND NOT clar_cla_review_cancelled
  GROUP BY clar_cla_id
)
SELECT cla_id, review_dates, review_dates[1] AS r1, review_dates[2] AS r2, review_dates[-1] AS last, len(review_dates) AS n
FROM held
