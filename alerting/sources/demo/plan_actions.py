"""The improvement plan of the made-up council: thirty actions, with the rules that show how each really stands."""

from __future__ import annotations

ACTIONS: tuple[tuple[str, str, str], ...] = (
    ("1.1", "Every contact has a decision within a working day", "FD-01;FD-02"),
    ("1.2", "Referrals are completed in three working days", "FD-03;FD-02"),
    ("1.3", "Families who come back are understood", "FD-04;FD-09"),
    ("1.4", "Demand is known before it is felt", "FD-05;FD-07"),
    ("1.5", "Partners send contacts that say what is needed", "FD-06"),
    ("2.1", "Assessments are done in time", "AS-01"),
    ("2.2", "Children are seen in their assessment", "AS-03"),
    ("2.3", "Managers look at assessments as they go", "WF-19"),
    ("2.4", "Nothing waits without an assessment", "AS-02"),
    ("3.1", "Children on plans are visited as agreed", "CP-03"),
    ("3.2", "Children on plans are seen on their own", "CP-04"),
    ("3.3", "Conferences are held in time", "CP-02;CP-05"),
    ("3.4", "Plans do not drift", "CP-06;CP-07"),
    ("3.5", "Every child on a plan has a social worker", "CP-08"),
    ("3.6", "Enquiries end with an outcome", "CP-01"),
    ("3.7", "Help for children in need is purposeful", "CIN-01;CIN-03"),
    ("4.1", "Children in care are visited", "CLA-01"),
    ("4.2", "Reviews are held in time", "CLA-02"),
    ("4.3", "Health and teeth are looked after", "CLA-04;CLA-05"),
    ("4.4", "Homes last", "CLA-08"),
    ("4.5", "Children who go missing are talked with", "CLA-10"),
    ("4.6", "Every child has an education plan", "CLA-07"),
    ("4.10", "Plans for permanence by the second review", "CLA-20;CLA-03"),
    ("4.11", "Adoption does not wait", "PM-01"),
    ("5.1", "Care leavers are in touch with us", "CL-08;CL-01"),
    ("5.2", "Pathway plans are reviewed", "CL-02"),
    ("6.1", "Everybody is supervised", "WF-03;WF-10"),
    ("6.2", "Caseloads allow good work", "WF-01;WF-02"),
    ("6.3", "Audits are returned and acted on", "WF-06;WF-14"),
    ("6.4", "Posts are filled for good", "WF-05;WF-11"),
)
"""Of each its number, its title, and the codes of the rules that are its evidence."""
