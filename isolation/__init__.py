"""Programs that try to break what keeps businesses apart, and say what they tried. `make prove` runs them; see docs/isolation.md."""
