"""The rule definitions, written a second time: plain, slow and obvious, from raw text cells to findings.

Nothing here knows how the service reads, asks or stores. Where the two disagree, one of them has misread the definitions.
"""
