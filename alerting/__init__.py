"""Alerts for children's services: from a council's case data to the right manager.

The line, a package a step:

    rulebook, sources -> casedata      what is asked, and of what data
    evaluation                         a rule's answer about everyone it is about
    alerts                             what changed, and why
    notifications                      who is told, and in which words
    store                              all of that, written in one transaction
    delivery                           what became of each message
"""
