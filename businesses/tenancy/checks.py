"""System checks of tenancy."""
