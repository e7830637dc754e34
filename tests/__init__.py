"""Tests across apps, and their helpers.

They cover isolation, admin pages in a browser, user journeys, migrations and documents.
"""
