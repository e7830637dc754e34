"""Tests across apps: isolation, admin pages in a browser, user journeys, migrations, documents; with their helpers."""
