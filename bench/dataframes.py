"""Three of the rules as somebody would write them for pandas and for Polars, and a count for pointblank. Tables are in memory before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

CODES = ("AS-01", "CP-05", "CP-06")

READS: Mapping[str, tuple[str, ...]] = {
    "ssd_person": ("pers_person_id", "pers_dob", "pers_expected_dob", "pers_death_date"),
    "ext_restricted": ("person_id", "level"),
    "ssd_cin_assessments": (
        "cina_assessment_id",
        "cina_person_id",
        "cina_referral_id",
        "cina_assessment_start_date",
        "cina_assessment_auth_date",
    ),
    "ssd_cin_episodes": ("cine_person_id", "cine_referral_id", "cine_referral_date", "cine_close_date"),
    "ssd_cp_plans": ("cppl_person_id", "cppl_cp_plan_id", "cppl_cp_plan_ola", "cppl_cp_plan_start_date", "cppl_cp_plan_end_date"),
    "ssd_cp_reviews": ("cppr_cp_plan_id", "cppr_cp_review_date", "cppr_cp_review_due"),
}
"""The columns that they read."""

_Answers = set[tuple[str, str, str]]


def ways(folder: Path, as_of: date) -> dict[str, Callable[[], _Answers]]:
    """Return each library that is installed, with what asks the rules of the Parquet files in a folder."""
    found: dict[str, Callable[[], _Answers]] = {}
    with suppress(ImportError):
        import pandas as pd

        # As days are best kept there: moments without a zone.
        frames = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
        for frame in frames.values():
            for name in frame.columns[[name.endswith(("date", "_due", "_dob", "d")) for name in frame.columns]]:
                if not name.endswith("_id"):
                    frame[name] = pd.to_datetime(frame[name])
        found["pandas"] = lambda: _by_pandas(frames, pd.Timestamp(as_of))
    with suppress(ImportError):
        import polars as pl

        tables = {path.stem: pl.read_parquet(path) for path in folder.glob("*.parquet")}
        found["Polars"] = lambda: _by_polars(tables, as_of)
    return found


def counting(folder: Path, limit: date) -> dict[str, Callable[[], int]]:
    """Return what counts the assessments that are not authorised and began before a day, where pointblank is installed."""
    with suppress(ImportError):
        import pointblank as pb
        import polars as pl

        table = pl.read_parquet(folder / "ssd_cin_assessments.parquet")
        column = "cina_assessment_start_date"

        def count() -> int:
            waiting = table.filter(pl.col("cina_assessment_auth_date").is_null())
            checked = pb.Validate(waiting).col_vals_ge(column, limit, na_pass=True).interrogate()
            return int(checked.n_failed(i=1, scalar=True))

        return {"pointblank": count}
    return {}


def _by_pandas(tables, today) -> _Answers:  # noqa: ANN001
    import pandas as pd

    of = tables.__getitem__
    months = lambda n: pd.DateOffset(months=n)  # noqa: E731
    people = of("ssd_person").dropna(subset="pers_person_id")
    people = people.groupby("pers_person_id").agg(
        dob=("pers_dob", "max"), due=("pers_expected_dob", "max"), died=("pers_death_date", "min")
    )
    restricted = of("ext_restricted")
    sealed = restricted.loc[restricted["level"].fillna("").str.strip().str.lower() != "limited", "person_id"].dropna()
    people["dob"] = people["dob"].fillna(people["due"].where(people["due"] <= today - pd.Timedelta(days=300)))
    people = people[people["died"].isna() & ~people.index.isin(sealed)]
    minors = people.index[people["dob"].isna() | (people["dob"] > today - pd.DateOffset(years=18))]

    cases = of("ssd_cin_episodes")
    cases = cases[(cases["cine_referral_date"] <= today) & ~(cases["cine_close_date"] <= today)]
    waiting = of("ssd_cin_assessments").dropna(subset="cina_assessment_id")
    waiting = waiting[~(waiting["cina_assessment_auth_date"] <= today) & waiting["cina_person_id"].isin(minors)]
    waiting = waiting.merge(
        cases[["cine_referral_id", "cine_person_id"]].drop_duplicates(),
        left_on=["cina_referral_id", "cina_person_id"],
        right_on=["cine_referral_id", "cine_person_id"],
    )
    begun = (
        waiting[waiting["cina_assessment_start_date"] <= today].groupby("cina_assessment_id")["cina_assessment_start_date"].min()
    )
    number = of("calendar").set_index("d")["no"]
    days = number[today] - begun.map(number)
    found = {("AS-01", id_, "red" if each > 45 else "amber") for id_, each in days[days >= 35].items()}

    plans = of("ssd_cp_plans")
    plans = plans[
        ~plans["cppl_cp_plan_ola"] & (plans["cppl_cp_plan_start_date"] <= today) & ~(plans["cppl_cp_plan_end_date"] <= today)
    ]
    plans = plans[plans["cppl_person_id"].isin(minors)].sort_values(["cppl_cp_plan_start_date", "cppl_cp_plan_id"])
    plans = plans.drop_duplicates("cppl_person_id", keep="last")
    reviews = of("ssd_cp_reviews")
    held = reviews[reviews["cppr_cp_review_date"] <= today].groupby("cppr_cp_plan_id")["cppr_cp_review_date"].max()
    ahead = reviews["cppr_cp_review_date"].fillna(reviews["cppr_cp_review_due"])
    ahead = ahead[~(reviews["cppr_cp_review_date"] <= today) & (ahead >= today)].groupby(reviews["cppr_cp_plan_id"]).min()
    last, next_ = plans["cppl_cp_plan_id"].map(held), plans["cppl_cp_plan_id"].map(ahead)
    starts = plans["cppl_cp_plan_start_date"]
    due = (last + months(6)).fillna(starts + months(3))
    late, soon = today > due, (today >= due - pd.Timedelta(days=15)) & ~(next_ <= due)
    found |= {("CP-05", id_, "red") for id_ in plans.loc[late, "cppl_person_id"]}
    found |= {("CP-05", id_, "amber") for id_ in plans.loc[soon & ~late, "cppl_person_id"]}
    for level, least, most in (("info", 15, 18), ("amber", 18, 24), ("red", 24, None)):
        long = (starts + months(least) <= today) & (True if most is None else starts + months(most) > today)
        found |= {("CP-06", id_, level) for id_ in plans.loc[long, "cppl_person_id"]}
    return found


def _by_polars(tables, today: date) -> _Answers:  # noqa: ANN001
    import polars as pl

    of, col = (lambda name: tables[name].lazy()), pl.col
    now = pl.lit(today)
    level = col("level").fill_null("").str.strip_chars().str.to_lowercase()
    sealed = of("ext_restricted").filter(level != "limited", col("person_id").is_not_null())
    people = of("ssd_person").drop_nulls("pers_person_id").group_by(id="pers_person_id")
    people = people.agg(dob=col("pers_dob").max(), due=col("pers_expected_dob").max(), died=col("pers_death_date").min())
    dob = pl.coalesce("dob", pl.when(col("due") <= now.dt.offset_by("-300d")).then("due"))
    minors = (
        people.with_columns(dob=dob)
        .filter(col("died").is_null(), col("dob").is_null() | (col("dob") > now.dt.offset_by("-18y")))
        .join(sealed, left_on="id", right_on="person_id", how="anti")
    )

    cases = of("ssd_cin_episodes").filter(col("cine_referral_date") <= now, (col("cine_close_date") > now).fill_null(value=True))
    starts = "cina_assessment_start_date"
    wd = of("calendar").filter(col("d") == now).select(today="no")
    begun = (
        of("ssd_cin_assessments")
        .filter(
            col("cina_assessment_id").is_not_null(),
            (col("cina_assessment_auth_date") > now).fill_null(value=True),
            col(starts) <= now,
        )
        .join(minors, left_on="cina_person_id", right_on="id", how="semi")
        .join(cases, left_on=["cina_referral_id", "cina_person_id"], right_on=["cine_referral_id", "cine_person_id"], how="semi")
        .group_by(id="cina_assessment_id")
        .agg(d=col(starts).min())
        .join(of("calendar"), on="d")
        .join(wd, how="cross")
        .select("id", wd=col("today") - col("no"))
        .filter(col("wd") >= 35)
        .select("id", level=pl.when(col("wd") > 45).then(pl.lit("red")).otherwise(pl.lit("amber")))
    )

    plans = (
        of("ssd_cp_plans")
        .filter(
            ~col("cppl_cp_plan_ola"),
            col("cppl_cp_plan_start_date") <= now,
            (col("cppl_cp_plan_end_date") > now).fill_null(value=True),
        )
        .join(minors, left_on="cppl_person_id", right_on="id", how="semi")
        .sort("cppl_cp_plan_start_date", "cppl_cp_plan_id")
        .unique("cppl_person_id", keep="last", maintain_order=True)
        .select(id="cppl_person_id", plan="cppl_cp_plan_id", starts="cppl_cp_plan_start_date")
    )
    held, ahead = col("cppr_cp_review_date") <= now, pl.coalesce("cppr_cp_review_date", "cppr_cp_review_due")
    reviews = of("ssd_cp_reviews").group_by(plan="cppr_cp_plan_id")
    reviews = reviews.agg(
        last=col("cppr_cp_review_date").filter(held).max(),
        next=ahead.filter(~held.fill_null(value=False) & (ahead >= now)).min(),
    )
    due = pl.coalesce(col("last").dt.offset_by("6mo"), col("starts").dt.offset_by("3mo"))
    booked = (col("next") <= col("due")).fill_null(value=False)
    soon = (now >= col("due").dt.offset_by("-15d")) & ~booked
    reviewed = plans.join(reviews, on="plan", how="left").with_columns(due=due)
    reviewed = reviewed.select(
        "id", level=pl.when(now > col("due")).then(pl.lit("red")).when(soon).then(pl.lit("amber"))
    ).drop_nulls()

    long = pl.when(col("starts").dt.offset_by("24mo") <= now).then(pl.lit("red"))
    long = long.when(col("starts").dt.offset_by("18mo") <= now).then(pl.lit("amber"))
    long = long.when(col("starts").dt.offset_by("15mo") <= now).then(pl.lit("info"))
    long = plans.select("id", level=long).drop_nulls()
    asked = zip(CODES, pl.collect_all([begun, reviewed, long]), strict=True)
    return {(code, id_, level) for code, frame in asked for id_, level in frame.iter_rows()}
