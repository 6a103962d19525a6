"""The page that managers and administrators open: part of `alerting serve`, plain HTML that works without scripts.

May be asked: to listen (`serving.listening`). Who asks is found in one place (`readers`), and so is what they may see (`scope`); every
route goes through both. What people do is done by the functions of the command line, and decided nowhere here.
"""
