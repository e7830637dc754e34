"""The password hasher of the tests."""

from django.contrib.auth.hashers import MD5PasswordHasher

from accounts.password_hashing import Limited


class MD5Hasher(Limited, MD5PasswordHasher):
    """A fast hasher with the limit of the production hashers."""
