"""One job on one day: the order of the steps, which days are due, what shows that the service lives.

May be asked: to run a job (`pipeline`), which jobs are due (`timetable`). A day that was missed or run twice, or a slow run, is looked
for here first: its report says how long each step took.
"""
