"""Scans of work cards: validation, storage, renditions, responses.

The decoder runs in a separate process.
"""
