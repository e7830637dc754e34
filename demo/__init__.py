"""Demo data: invented businesses with months of work cards.

| module | holds |
|---|---|
| `vocabulary` | names and phrases |
| `options` | the amount of data |
| `seeded_random` | reproducible random numbers and ids |
| `people` | businesses, sites, users, employees |
| `timesheets` | the days that employees write on their cards |
| `card_plans` | the planned cards and their final status |
| `card_history` | the cards as rows, with an audit event for each step |
| `audit_history`, `initial_events` | audit events, and the events before the first card |
| `ledger_simulation` | the approved days, and the conflicts of the approvals |
| `payroll_profiles` | payroll profiles and closed months |
| `card_image`, `handwriting` | images of filled-in cards |
| `scan_files`, `scan_rendering` | files of scans, rendered in worker processes |
| `bulk_insert` | inserts of thousands of rows in one statement |
| `seed` | the creation of all demo data, business by business |
| `demo_accounts` | sign-ins of the demo |
| `worker_pool`, `progress_bar` | worker processes and progress output |

The same size, seed and day give the same data, including ids. Only the export runs are real, with new ids.
"""
