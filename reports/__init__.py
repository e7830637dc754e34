"""Reports over several models; the app has no models.

They are home, dashboard, months, matrix, missing cards and platform.
"""
