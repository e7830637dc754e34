"""Checks under load: injected faults, concurrent writes and races.

The faults are killed processes, a full disk and a changed clock.
"""
