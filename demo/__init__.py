"""Invented businesses with months of work cards, to try AutomateHQ out and to measure it.

| module | holds |
|---|---|
| `words` | the names and phrases that everything is made up from |
| `size` | how much of it |
| `dice` | chance that comes out the same each time, and ids likewise |
| `people` | businesses, sites, users, employees |
| `shifts` | what employees write on their cards |
| `plans` | which cards there are, and what becomes of each |
| `lives` | the cards as rows: each step of their lives with its event in the trail |
| `ledger` | the approved days, and the conflicts on the way |
| `payroll` | how the payroll program reads files, and the months that are closed |
| `scans` | the pictures |
| `bulk` | thousands of rows in one statement |
| `seeding` | the whole, a business at a time |

The same size, seed and day make the same content, ids included; only the export runs are real, with ids of their own.
"""
