"""A made-up council: its children, its workers, and how records about them come to be written.

Nobody in it exists. Everything follows from the number of children, a seed and a day, and is the same on every machine.

    calendar    days as whole numbers, working days, days as text
    ledger      the rows of one table, each with the day it was recorded, and what was changed later
    nasties     what is wrong with the data, how often, and where: the truth beside the data
    books       one council being written: its ledgers, its calendar, its chances
    staff       teams, workers, managers, cover
    people      the children and young people it knows
    allocation  who has which case, and when that changes
    families    families: contacts, referrals, assessments, enquiries, plans for children in need
    protection  child protection conferences, plans, visits and reviews
    care        periods of care: placements, legal statuses, visits, reviews, care plans, health
    leavers     care leavers
    entries     who comes into care, how long they stay, and who advises them afterwards
    lapses      children missing for days, and plans for children in need that were not ended
    details     outcomes, factors, homes, scores and statuses, from what was written
    practice    what is kept beside the case system: times, supervision, oversight, audits, the plan, posts
    plan_actions  the thirty actions of its improvement plan
    lives       the lives of families from the day they are referred
    town        the whole council, and its tables as at a day
    source      the settings, and the council as a source
    delivered   the tables as the official scripts of a case system deliver them
    export      the tables as files

Days are ordinals (`date.toordinal()`) throughout, because a council has millions of them.
"""

from alerting.sources.demo.source import Source

__all__ = ["Source"]
