"""Developer tools: local PostgreSQL, demo server, translations, screenshots."""
