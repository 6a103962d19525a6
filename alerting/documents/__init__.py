"""The files that people write, read with the place of every value, and their faults in words: problem, file:line:column, remedy.

May be asked: a file read and checked into a model (`document`), faults as people, scripts and GitHub are shown them (`report`).
"""
