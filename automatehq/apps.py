from django.apps import AppConfig


class AutomateHQConfig(AppConfig):
    name = "automatehq"
