"""Mutants that no test can notice, since what they change makes no difference, each with the reason.

(file, function or table, what is changed) → why.
"""

EQUIVALENT: dict[tuple[str, str, str], str] = {}
