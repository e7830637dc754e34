"""Tests across apps: isolation, admin pages in a browser, user journeys, migrations, documents; and their helpers."""
