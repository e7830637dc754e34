"""Reports over several models: home, dashboard, months, matrix, missing cards and platform. The app has no models."""
