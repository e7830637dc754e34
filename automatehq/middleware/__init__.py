"""Middleware that belongs to no app: request ids, locale."""
