"""Reports over several models, without models of their own: home, dashboard, months, matrix, missing cards, platform."""
