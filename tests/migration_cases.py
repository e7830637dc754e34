"""Single rows of the single-company schema, and their migrated versions."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

Row = dict[str, Any]
SET_ASIDE: Row = {"set": "aside"}
LONG_AGO = datetime(2022, 1, 1, 6, 0, 0, 123456, UTC)
LATER = datetime(2023, 5, 4, 3, 2, 1, 1, UTC)
MARCH = date(2024, 3, 1)
SHIFT = {"from_time": "07:00", "to_time": "15:30", "break_minutes": 30}
NO_TIMES = {"from_time": None, "to_time": None, "break_minutes": 0}

# table → name of the case → (the original row, its differences after the migration).
CASES: dict[str, dict[str, tuple[Row, Row]]] = {
    "users": {
        "plain": ({"email": "plain@mizhav.example"}, {}),
        "capitals in the e-mail": (
            {"email": "  Dana.Levi@Mizhav.EXAMPLE "},
            {"email": "dana.levi@mizhav.example"},
        ),
        "twin, the first": (
            {"email": "Twin@mizhav.example", "created_at": LONG_AGO},
            {"email": "twin@mizhav.example"},
        ),
        "twin, the second": (
            {"email": "tWin@mizhav.example", "created_at": LATER},
            {"email": None, "is_active": False},
        ),
        "twin who left before the other came": (
            {
                "email": "Heir@mizhav.example",
                "is_active": False,
                "created_at": LONG_AGO,
            },
            {"email": None},
        ),
        "twin who works here": (
            {"email": "heir@Mizhav.example", "created_at": LATER},
            {"email": "heir@mizhav.example"},
        ),
        "blank e-mail": ({"email": " "}, {"email": None, "is_active": False}),
        "phone of here": (
            {"phone_number": "054-555 0101"},
            {"phone_number": "+972545550101"},
        ),
        "phone of elsewhere": (
            {"phone_number": "+44 20 7946 0958"},
            {"phone_number": "+442079460958"},
        ),
        "the same phone, written otherwise": (
            {"phone_number": "(+972) 54 5550101", "created_at": LATER},
            {"phone_number": None},
        ),
        "no phone": (
            {"phone_number": "ask at the gate"},
            {"phone_number": None},
        ),
        "empty phone": ({"phone_number": ""}, {"phone_number": None}),
        "role in small letters": ({"role": " admin"}, {"role": "ADMIN"}),
        "unknown role": ({"role": "MANAGER"}, {"role": "VIEWER"}),
        "super-admin": ({"role": "SUPER_ADMIN"}, {}),
        "nearly a super-admin": ({"role": "super_admin"}, {"role": "VIEWER"}),
        "names nobody expects": (
            {"full_name": "אורי \"ז'\" O'Neil \\ {}\n\t%s 🙂"},
            {"full_name": "אורי \"ז'\" O'Neil \\ {} %s 🙂"},
        ),
        "name with a hidden mark": (
            {"full_name": "Dana\u200f Levi\u200b"},
            {"full_name": "Dana Levi"},
        ),
        "e-mail with a hidden mark": (
            {"email": "hidden\u200b@mizhav.example"},
            {"email": "hidden@mizhav.example"},
        ),
        "e-mail that looks like another's": (
            {"email": "plain\u200b@mizhav.example"},
            {},
        ),
    },
    "sites": {
        "no code": ({"site_code": None}, {}),
        "blank code": ({"site_code": ""}, {"site_code": None}),
        "blanks as code": ({"site_code": "  "}, {"site_code": None}),
        "code": ({"site_code": "N-12"}, {}),
        "address with hidden marks": (
            {"address": "\u202b1 Example Street\u202c"},
            {"address": "1 Example Street"},
        ),
        "name": ({"site_name": "Café North"}, {"name_key": "cafe north"}),
    },
    "employees": {
        "passport with separators": (
            {"passport_id": "ab-12 34.56/7"},
            {"passport_id": "AB1234567"},
        ),
        "the same passport, later": (
            {"passport_id": "AB1234567", "created_at": LATER},
            {"passport_id": None, "former_passport_id": "AB1234567"},
        ),
        "passport of one who left": (
            {"passport_id": "C7654321", "is_active": False, "created_at": LONG_AGO},
            {"passport_id": None, "former_passport_id": "C7654321"},
        ),
        "the same passport, at work": (
            {"passport_id": "c7654321", "created_at": LATER},
            {"passport_id": "C7654321"},
        ),
        "passport too short": (
            {"passport_id": "12"},
            {"passport_id": None, "former_passport_id": "12"},
        ),
        "passport with words": (
            {"passport_id": "see file, left drawer (מגירה)"},
            {
                "passport_id": None,
                "former_passport_id": "see file, left drawer (מגירה)",
            },
        ),
        "blank passport": ({"passport_id": ""}, {"passport_id": None}),
        "passport with a hidden mark": (
            {"passport_id": "\u200fD1234567\u00a0"},
            {"passport_id": "D1234567"},
        ),
        "external id, first": ({"external_employee_id": "77"}, {}),
        "external id that looks like another's": (
            {"external_employee_id": "77\u200f"},
            {},
        ),
        "external id with a hidden mark": (
            {"external_employee_id": "\u202a78"},
            {"external_employee_id": "78"},
        ),
        "external id, again": (
            {"external_employee_id": " 77", "created_at": LATER},
            {"external_employee_id": None},
        ),
        "blank external id": (
            {"external_employee_id": ""},
            {"external_employee_id": None},
        ),
        "another blank external id": (
            {"external_employee_id": " "},
            {"external_employee_id": None},
        ),
        "no home": ({"site_id": None, "is_active": False}, {}),
    },
    "work_cards": {
        "month in the middle": (
            {"processing_month": date(2024, 3, 17)},
            {"processing_month": MARCH},
        ),
        "approved by nobody's hand": (
            {"review_status": "APPROVED", "approved_at": None, "updated_at": LATER},
            {"approved_at": LATER},
        ),
        "approved, nobody's card": (
            {
                "review_status": "APPROVED",
                "employee_id": None,
                "approved_at": LATER,
            },
            {"review_status": "NEEDS_ASSIGNMENT", "approved_at": None},
        ),
        "in review, nobody's card": (
            {"review_status": "NEEDS_REVIEW", "employee_id": None},
            {"review_status": "NEEDS_ASSIGNMENT"},
        ),
        "assigned, waiting to be": (
            {"review_status": "NEEDS_ASSIGNMENT"},
            {"review_status": "NEEDS_REVIEW"},
        ),
        "in review, once approved": (
            {"review_status": "NEEDS_REVIEW", "approved_at": LATER},
            {"approved_at": None},
        ),
        "rejected, nobody's card": (
            {"review_status": "REJECTED", "employee_id": None},
            {},
        ),
        "status in small letters": (
            {"review_status": "rejected"},
            {"review_status": "REJECTED"},
        ),
        "unknown status": (
            {"review_status": "ARCHIVED"},
            {"review_status": "NEEDS_REVIEW"},
        ),
        "unknown status, nobody's card": (
            {"review_status": "", "employee_id": None},
            {"review_status": "NEEDS_ASSIGNMENT"},
        ),
        "notes with hidden marks": (
            {"notes": "one\u200f \r\ntwo"},
            {"notes": "one\ntwo"},
        ),
        "unknown source": ({"source": "FAX"}, {"source": "MANUAL"}),
        "source in small letters": (
            {"source": "upload_batch"},
            {"source": "UPLOAD_BATCH"},
        ),
    },
    "work_card_day_entries": {
        "times and total": ({**SHIFT, "total_hours": 8}, {}),
        "total alone": ({"total_hours": "11.25"}, {}),
        "a total of nothing": ({"total_hours": 0}, {}),
        "a total that the times contradict": ({**SHIFT, "total_hours": 9}, {}),
        "times without a total": (SHIFT, {"total_hours": 8}),
        "past midnight": (
            {"from_time": "22:00", "to_time": "06:20", "break_minutes": 0},
            {"total_hours": 8.33},
        ),
        "half a cent of an hour": (
            {"from_time": "07:00", "to_time": "15:07:30", "break_minutes": 0},
            {"total_hours": 8.13},
        ),
        "till midnight, as 24:00": (
            {"from_time": "16:00", "to_time": "24:00", "total_hours": 8},
            {"to_time": "00:00:00"},
        ),
        "a break longer than the shift": (
            {"from_time": "07:00", "to_time": "08:00", "break_minutes": 90},
            SET_ASIDE,
        ),
        "vacation": ({"day_status": "VACATION"}, {}),
        "vacation with hours": (
            {"day_status": "VACATION", **SHIFT, "total_hours": 8},
            {"total_hours": None, **NO_TIMES},
        ),
        "sick in small letters": ({"day_status": " sick"}, {"day_status": "SICK"}),
        "blank status with hours": (
            {"day_status": "", "total_hours": 8},
            {"day_status": None},
        ),
        "unknown status with hours": (
            {"day_status": "TRAINING", "total_hours": 6},
            {"day_status": None},
        ),
        "unknown status alone": ({"day_status": "TRAINING"}, SET_ASIDE),
        "nothing in it": ({}, SET_ASIDE),
        "a comment alone": ({"comment": "rain"}, SET_ASIDE),
        "another month": ({"work_date": date(2024, 4, 2), "total_hours": 8}, SET_ASIDE),
        "the month before": (
            {"work_date": date(2024, 2, 29), "total_hours": 8},
            SET_ASIDE,
        ),
        "25 hours": ({"total_hours": 25}, SET_ASIDE),
        "hours below nothing": ({**SHIFT, "total_hours": -1}, SET_ASIDE),
        "hours that are no number": ({"total_hours": "NaN"}, SET_ASIDE),
        "from = to": ({"from_time": "07:00", "to_time": "07:00"}, SET_ASIDE),
        "from = to with a total": (
            {"from_time": "07:00", "to_time": "07:00", "total_hours": 24},
            NO_TIMES,
        ),
        "from alone": ({"from_time": "07:00"}, SET_ASIDE),
        "to alone with a total": (
            {"to_time": "15:00", "total_hours": 8},
            NO_TIMES,
        ),
        "break of 241 minutes": (
            {**SHIFT, "break_minutes": 241},
            SET_ASIDE,
        ),
        "break below nothing, with a total": (
            {**SHIFT, "break_minutes": -30, "total_hours": 8},
            NO_TIMES,
        ),
        "break without times": (
            {"break_minutes": 45, "total_hours": 7},
            {"break_minutes": 0},
        ),
        "date written twice, the first": (
            {"work_date": date(2024, 3, 31), "total_hours": 5, "id": uuid.UUID(int=1)},
            SET_ASIDE,
        ),
        "date written twice, and mended before that": (
            {
                "work_date": date(2024, 3, 31),
                "total_hours": 6,
                "from_time": "07:00",
                "id": uuid.UUID(int=2),
            },
            SET_ASIDE,
        ),
        "date written twice, the last that can be": (
            {"work_date": date(2024, 3, 31), "total_hours": 7, "id": uuid.UUID(int=3)},
            {},
        ),
        "date written twice, the last": (
            {"work_date": date(2024, 3, 31), "total_hours": 70, "id": uuid.UUID(int=4)},
            SET_ASIDE,
        ),
    },
    "export_runs": {
        "with a file": ({"file": "exports/a.csv"}, {}),
        "without a file": ({"file": ""}, {}),
        "month in the middle": (
            {"processing_month": date(2024, 3, 31)},
            {"processing_month": MARCH},
        ),
        "unknown kind": ({"kind": "excel"}, {"kind": "days_csv"}),
        "kind in capitals": ({"kind": "DAYS_CSV"}, {"kind": "days_csv"}),
    },
    "audit_events": {
        "by nobody": ({"actor_id": None}, {}),
        "by somebody long gone": ({"actor_id": uuid.UUID(int=99)}, {}),
        "details": ({"metadata": {"before": {"שם": [1, 2.50, None, "\\"]}}}, {}),
    },
}
