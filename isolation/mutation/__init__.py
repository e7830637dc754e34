"""Mutation testing of the code that isolates businesses: areas, mutators and the runner."""
