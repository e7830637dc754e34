"""Scans of work cards: validation, storage, renditions, responses; the decoder runs in a process of its own."""
