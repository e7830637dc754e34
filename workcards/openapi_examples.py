"""Examples of requests and responses for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

_BUSINESS = "0197f3a0-4b00-7a3c-8d11-2f0a6f1d9e01"
_CARD = "0197f3a0-6d20-7c44-9f1e-0b7d2a5c8e31"
_OTHER_CARD = "0197f3a0-6d21-7a02-8c3b-55d0e7f19a42"
_SITE = {"id": "0197f3a0-51c8-7b1f-b0a4-6a2d43c5e9f2", "name": "Construction Site 1"}
_EMPLOYEE = {"id": "0197f3a0-58aa-7d0c-a6f3-1c9e4b7d2053", "name": "John Smith"}
_REVIEWER = {"id": "0197f3a0-4c10-7e9b-b2d8-7f31c0a5e614", "name": "Ruth Levi"}

CARD: dict[str, Any] = {
    "id": _CARD,
    "business_id": _BUSINESS,
    "site_id": _SITE["id"],
    "site": _SITE,
    "employee_id": _EMPLOYEE["id"],
    "employee": _EMPLOYEE,
    "processing_month": "2026-03",
    "source": "UPLOAD_SINGLE",
    "review_status": "NEEDS_REVIEW",
    "version": 2,
    "total_hours": "8.50",
    "total_minutes": 510,
    "day_count": 1,
    "notes": "",
    "rejected_reason": "",
    "uploaded_by": _REVIEWER,
    "approved_by": None,
    "approved_at": None,
    "original_filename": "card.jpg",
    "mime_type": "image/jpeg",
    "file_size_bytes": 184320,
    "sha256_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "source_page_number": 1,
    "has_file": True,
    "month_is_closed": False,
    "created_at": "2026-04-05T08:00:00Z",
    "updated_at": "2026-04-05T08:10:00Z",
}
_DAY = {
    "work_date": "2026-03-05",
    "from_time": "08:00",
    "to_time": "17:00",
    "break_minutes": 30,
    "total_hours": "8.50",
    "minutes": 510,
    "day_status": None,
    "comment": "",
}
_TYPED_DAY = {name: value for name, value in _DAY.items() if name != "minutes"}
_FIGURES = {"hours": "8.00", "minutes": 480, "day_status": None}
CONFLICT = {
    "date": "2026-03-05",
    "approved_day_id": "0197f3a0-7e11-7f20-8a4d-90c3b6e2d775",
    "same_site": True,
    "new": {"hours": "8.50", "minutes": 510, "day_status": None, "site": _SITE},
    "ledger": {
        **_FIGURES,
        "site": _SITE,
        "work_card_id": _OTHER_CARD,
        "approved_by": _REVIEWER,
        "approved_at": "2026-04-02T09:30:00Z",
    },
}


def _refusal(name: str, code: str, detail: str, **extra: Any) -> OpenApiExample:
    errors = [{"code": code, "detail": detail, "attr": None}]
    value = {"type": "client_error", "errors": errors, **extra}
    return OpenApiExample(name, value, response_only=True, status_codes=["409"])


WARNING: dict[str, Any] = {
    "code": "outside_employment",
    "detail": "John Smith was not employed on these days: 2026-03-02, 2026-03-27.",
    "dates": ["2026-03-02", "2026-03-27"],
    "work_card_ids": [],
    "is_refused": False,
}
_NO_WARNINGS: dict[str, Any] = {"warnings": [], "warning_details": []}
REFUSED_WARNING = _refusal(
    "The business's settings refuse these days",
    WARNING["code"],
    WARNING["detail"],
    warning_details=[WARNING | {"is_refused": True}],
)
REFUSALS = [
    _refusal(
        "Another verb is due",
        "invalid_transition",
        "This can't be done with a card in the status “Rejected”.",
        card=CARD | {"review_status": "REJECTED"},
    ),
    _refusal(
        "Somebody was faster",
        "stale_version",
        "Somebody has changed this card since you opened it.",
        card=CARD,
        changed_by=_REVIEWER,
        changed_at="2026-04-05T08:10:00Z",
    ),
]
CONFLICTS = _refusal(
    "The ledger has these dates",
    "day_conflicts",
    "The ledger has other figures for some of these dates.",
    conflicts=[CONFLICT],
)
MISMATCH = OpenApiExample(
    "Times and total disagree",
    {
        "type": "validation_error",
        "errors": [
            {
                "code": "total_mismatch",
                "detail": "The times give 9.00 hours, the total says 8.50.",
                "attr": "entries.0.total_hours",
            }
        ],
        "mismatches": [
            {
                "index": 0,
                "work_date": "2026-03-05",
                "total_hours": "8.50",
                "computed_hours": "9.00",
                "suggested_break_minutes": 30,
            }
        ],
    },
    response_only=True,
    status_codes=["400"],
)


def answer(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True)


def body(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


THE_CARD = answer("The card", CARD)
MANUAL = [
    body(
        "A card without a scan",
        {
            "site_id": _SITE["id"],
            "employee_id": _EMPLOYEE["id"],
            "processing_month": "2026-03",
        },
    )
]
DAYS = [
    body("A day", {"version": 1, "entries": [_TYPED_DAY]}),
    body(
        "A day by its total, and an absence",
        {
            "version": 1,
            "entries": [
                {"work_date": "2026-03-05", "total_hours": "8.5"},
                {"work_date": "2026-03-06", "day_status": "SICK"},
            ],
        },
    ),
    answer(
        "The card's days",
        {
            "version": 2,
            "entries": [
                _DAY
                | {
                    "ledger": {**_FIGURES, "work_card_id": _OTHER_CARD, "site": _SITE},
                    "set_aside_by_id": None,
                }
            ],
            "total_hours": "8.50",
            "total_minutes": 510,
        },
    ),
    MISMATCH,
]
EDITED_DAYS = [
    body(
        "A comment, and a day to clear",
        {
            "version": 1,
            "entries": [
                {"work_date": "2026-03-05", "comment": "Rain in the morning"},
                {
                    "work_date": "2026-03-06",
                    **dict.fromkeys(
                        (
                            "from_time",
                            "to_time",
                            "break_minutes",
                            "total_hours",
                            "day_status",
                            "comment",
                        )
                    ),
                },
            ],
        },
    ),
    *(example for example in DAYS if not example.request_only),
]
OUTCOME = answer(
    "Done", {"card": CARD, "reposted": [], "not_reposted": [], **_NO_WARNINGS}
)
ASSIGN = [
    body("To somebody", {"employee_id": _EMPLOYEE["id"], "version": 1}),
    body("To nobody", {"employee_id": None}),
    OUTCOME,
]
APPROVE = [
    body("What was seen", {"version": 2}),
    body(
        "With an answer to each conflict",
        {
            "version": 2,
            "resolutions": [
                {
                    "date": CONFLICT["date"],
                    "choice": "replace",
                    "approved_day_id": CONFLICT["approved_day_id"],
                }
            ],
        },
    ),
    answer(
        "Approved",
        {
            "card": CARD
            | {
                "review_status": "APPROVED",
                "version": 3,
                "approved_by": _REVIEWER,
                "approved_at": "2026-04-05T08:12:00Z",
            },
            "reposted": [],
            "not_reposted": [],
            "warnings": [WARNING["detail"]],
            "warning_details": [WARNING],
        },
    ),
    CONFLICTS,
    REFUSED_WARNING,
]
REJECT = [
    body("Why", {"reason": "The picture can't be read."}),
    answer(
        "Rejected",
        {
            "card": CARD
            | {
                "review_status": "REJECTED",
                "rejected_reason": "The picture can't be read.",
            },
            "reposted": [],
            "not_reposted": [],
            **_NO_WARNINGS,
        },
    ),
]
_REPOSTED = {
    "date": "2026-03-05",
    "site": _SITE,
    **_FIGURES,
    "work_card_id": _OTHER_CARD,
}
REOPEN = [
    body("Why", {"reason": "The 5th is missing.", "version": 3}),
    answer(
        "One day of another card is paid again, another one is not",
        {
            "card": CARD,
            "reposted": [_REPOSTED],
            "not_reposted": [
                {
                    **_REPOSTED,
                    "date": "2026-03-06",
                    "set_aside_by_id": _CARD,
                    "code": "too_many_hours",
                    "detail": "The sites of this date come to 26.00 hours, more than 24.",
                }
            ],
            "warnings": [
                "Not paid again: 6 Mar 2026, Construction Site 1: 8.00. "
                "The sites of this date come to 26.00 hours, more than 24."
            ],
            "warning_details": [],
        },
    ),
]
STATUS = [body("Approve", {"status": "APPROVED", "version": 2}), OUTCOME, CONFLICTS]
UPLOADS = [
    answer(
        "One stored, one known, one refused",
        {
            "uploaded": [CARD],
            "duplicates": [
                {
                    "filename": "again.jpg",
                    "existing": [
                        {
                            "work_card_id": _OTHER_CARD,
                            "employee": _EMPLOYEE,
                            "processing_month": "2026-03",
                            "review_status": "APPROVED",
                        }
                    ],
                }
            ],
            "failed": [
                {
                    "filename": "letter.docx",
                    "code": "unsupported_type",
                    "detail": "This is not a scan: send JPEG, PNG, WEBP, GIF, TIFF, HEIC or PDF.",
                }
            ],
        },
    ),
    OpenApiExample(
        "None could be read",
        {
            "type": "validation_error",
            "errors": [
                {
                    "code": "empty_file",
                    "detail": "The file is empty.",
                    "attr": "files.0",
                }
            ],
            "uploaded": [],
            "duplicates": [],
            "failed": [
                {
                    "filename": "card.jpg",
                    "code": "empty_file",
                    "detail": "The file is empty.",
                }
            ],
        },
        response_only=True,
        status_codes=["400"],
    ),
]
SUGGESTIONS = [
    answer(
        "Read as B for 8",
        {
            "employee": {
                **_EMPLOYEE,
                "passport_id": "A1234568",
                "former_passport_id": None,
                "external_employee_id": "1042",
                "is_active": True,
            },
            "site": _SITE,
            "reason": "passport_lookalike",
            "detail": "The passport, but for letters and digits that look alike.",
        },
    )
]
BULK_APPROVE = [
    body(
        "Two cards",
        {
            "cards": [
                {"id": _CARD, "version": 2},
                {"id": _OTHER_CARD, "version": 3},
            ]
        },
    ),
    answer(
        "One of them asks",
        {
            "approved": [_OTHER_CARD],
            "failed": [
                {
                    "id": _CARD,
                    "code": "day_conflicts",
                    "detail": "The ledger has other figures for some of these dates.",
                    "conflicts": [CONFLICT],
                }
            ],
            "warnings": [{"id": _OTHER_CARD, **WARNING}],
        },
    ),
]
