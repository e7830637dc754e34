"""Programs that test the isolation of businesses and report the cases they ran.

`make prove` runs them. See docs/isolation.md.
"""
