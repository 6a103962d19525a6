"""What an alert becomes, and what people do to it.

May be asked: what today's answers make of the live alerts (`advance`), what one answer makes of one alert (`lifecycle`), whether a
rule's new alerts wait for somebody to look (`brakes`), whom an act of a person quietens and until when (`handling_state`).
A false "cleared", an alert that came back or did not, an age or an escalation that is counted wrongly is looked for here.
"""
