"""Mutation testing of the code that keeps businesses apart: areas, mutators, the runner."""
