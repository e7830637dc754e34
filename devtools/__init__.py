"""Tools for developers: a local PostgreSQL, the demo server, translations, screenshots, the environment."""
