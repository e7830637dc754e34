"""Demo data: invented businesses with months of work cards.

| module | holds |
|---|---|
| `vocabulary` | names and phrases |
| `options` | the amount of data |
| `seeded_random` | reproducible random numbers |
| `people` | businesses, sites, users, employees |
| `timesheets` | the days that employees write on their cards |
| `card_plans` | the planned cards and their final status |
| `card_steps` | the steps of each card, run by the services |
| `demo_payroll` | payroll profile, closed months, an export |
| `copies` | copies of employees with their cards, for large amounts |
| `card_image`, `handwriting` | images of filled-in cards |
| `scan_files`, `scan_rendering` | files of scans, rendered in worker processes |
| `seed` | the creation of all demo data, business by business |
| `demo_accounts` | sign-ins of the demo |
| `worker_pool`, `progress_bar` | worker processes and progress output |

The services create the data under a given clock (`automatehq.clock.GivenClock`), which also makes the ids. The same
options and day give the same data, including ids. Only the export runs are made at the real time, with new ids.
"""
