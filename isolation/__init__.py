"""Programs that test the isolation of businesses and report the cases they ran.

`make run_check` runs them. See docs/isolation.md.
"""
