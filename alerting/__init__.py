"""Alerts for children's services: from a council's case data to the right manager.

The line, a file a step:

    config, rulebook, sources -> snapshot      what is asked, and of what data
    evaluate                                   a rule's answer about everyone it is about
    lifecycle                                  what changed, and why
    routing                                    who is told
    rendering, delivery                        in which words, and what became of it
"""
