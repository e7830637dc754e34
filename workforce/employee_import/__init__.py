"""Employees as files: read from XLSX and CSV, compared with who is there, written, and exported again.

| file | holds |
|---|---|
| `headers.py` | the columns, by every name that they are known by |
| `code_pages.py`, `doubts.py` | the encodings that can be chosen; text that looks like a wrong one |
| `reading/` | bytes → rows of cells, in a process of its own |
| `tables.py` | starts that process, and makes a table of its answer |
| `rows.py` | a table → rows of values, with what is wrong in their cells |
| `matching.py` | which row means which employee |
| `sites.py` | which row means which site |
| `planning.py` | rows → what is to be done with each |
| `writing.py` | doing it, and what the database refuses of it |
| `importing.py` | preview and apply: one and the same, but that the preview is rolled back |
| `exporting.py` | employees → a file that can be imported again |
| `kept.py` | a file between its preview and its apply, for the admin |
| `views.py`, `serializers.py`, `admin_pages.py` | the doors |
"""
