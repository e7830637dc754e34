#!/usr/bin/env python
"""Django's command line, with AutomateHQ's settings."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "automatehq.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import Error

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))  # a message for users; a traceback adds no information
    except Error as error:
        from automatehq.outages import sentence_of

        if sentence := sentence_of(error):
            sys.exit(sentence)
        raise


if __name__ == "__main__":
    main()
