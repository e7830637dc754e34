"""`manage.py prune_idempotency_keys`: delete the expired idempotency keys."""

from django.core.management.base import BaseCommand

from accounts.idempotency import delete_all_expired_keys


class Command(BaseCommand):
    help = "Delete the idempotency keys of all businesses that are older than 24 hours."

    def handle(self, **options: object) -> None:
        deleted = delete_all_expired_keys()
        self.stdout.write(f"{deleted} expired idempotency keys deleted.")
