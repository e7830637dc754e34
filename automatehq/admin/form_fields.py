"""Form fields that clean the submitted text."""

from typing import Any

from django import forms

from automatehq.text import clean_line, clean_text


class LineFormField(forms.CharField):
    """A line of text."""

    def to_python(self, value: object) -> str | None:
        return super().to_python(_cleaned(value, clean_line))


class LinesFormField(forms.CharField):
    """Text of several lines."""

    def to_python(self, value: object) -> str | None:
        return super().to_python(_cleaned(value, clean_text))


class EmailFormField(forms.EmailField):
    """An e-mail address."""

    def to_python(self, value: object) -> str | None:
        return super().to_python(_cleaned(value, clean_line))


def _cleaned(value: Any, clean: Any) -> Any:
    return clean(value) if isinstance(value, str) else value
