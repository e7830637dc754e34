"""The columns of an employee file, by every name that they are known by."""

from typing import NamedTuple

from automatehq.text import fold


class Column(NamedTuple):
    """A column: the field it fills, the headers that an export writes, and what else people call it."""

    field: str
    english: str
    hebrew: str
    also: tuple[str, ...] = ()

    def header(self, language: str) -> str:
        return self.hebrew if language == "he" else self.english


# In the order of the export. Capitals, spaces and punctuation do not count.
COLUMNS = (
    Column(
        "full_name",
        "Full name",
        "שם מלא",
        (
            "Name",
            "Employee",
            "Employee name",
            "Worker",
            "Worker name",
            "שם",
            "שם העובד",
            "שם עובד",
            "עובד",
        ),
    ),
    Column(
        "passport_id",
        "Passport",
        "דרכון",
        (
            "Passport ID",
            "Passport number",
            "Passport no.",
            "ID number",
            "ID no.",
            "Identity number",
            "National ID",
            "מספר דרכון",
            "מס׳ דרכון",
            "תעודת זהות",
            "מספר תעודת זהות",
            "מספר זהות",
            "מס׳ זהות",
            "ת.ז.",
        ),
    ),
    Column(
        "external_employee_id",
        "External ID",
        "מספר עובד",
        (
            "External employee ID",
            "Employee ID",
            "Employee number",
            "Employee no.",
            "Worker number",
            "Payroll number",
            "מס׳ עובד",
            "מספר העובד",
            "קוד עובד",
            "מזהה חיצוני",
            "מספר עובד בשכר",
        ),
    ),
    Column(
        "site_name",
        "Site",
        "אתר",
        ("Site name", "Home site", "שם אתר", "שם האתר", "אתר בית"),
    ),
    Column(
        "site_code",
        "Site code",
        "קוד אתר",
        ("Site no.", "Site number", "קוד האתר", "מספר אתר", "מס׳ אתר"),
    ),
    Column(
        "phone_number",
        "Phone",
        "טלפון",
        (
            "Phone number",
            "Telephone",
            "Mobile",
            "Mobile phone",
            "Cell phone",
            "מספר טלפון",
            "מס׳ טלפון",
            "טלפון נייד",
            "נייד",
        ),
    ),
    Column(
        "started_on",
        "Started on",
        "תחילת עבודה",
        (
            "Start date",
            "Started",
            "Hire date",
            "Hired on",
            "תאריך תחילת עבודה",
            "תאריך התחלה",
        ),
    ),
    Column(
        "left_on",
        "Left on",
        "סיום עבודה",
        (
            "End date",
            "Left",
            "Leaving date",
            "Termination date",
            "תאריך סיום עבודה",
            "תאריך סיום",
            "תאריך עזיבה",
        ),
    ),
    # Read to say that it changes nothing: an import neither activates nor deactivates.
    Column("is_active", "Active", "פעיל", ("Is active",)),
)
BY_FIELD = {column.field: column for column in COLUMNS}

# Who a row is about; a file needs one of them.
KEYS = ("passport_id", "external_employee_id")


def plain_header(text: str) -> str:
    """Return a header folded for comparison, without spaces and punctuation."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


FIELDS = {
    plain_header(name): column.field
    for column in COLUMNS
    for name in (column.field, column.english, column.hebrew, *column.also)
}


def field_of(header: str) -> str | None:
    """The field that a column of this name fills, or None."""
    return FIELDS.get(plain_header(header))
