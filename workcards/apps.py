from django.apps import AppConfig


class WorkcardsConfig(AppConfig):
    name = "workcards"
