"""Import and export of employees: files in XLSX and CSV.

| file | contains |
|---|---|
| `import_columns.py` | the columns, with all their known headers |
| `code_pages.py`, `file_warnings.py` | the encodings that can be chosen; detection of text in a wrong encoding |
| `parser/` | bytes → rows of cells, in a separate process |
| `file_parsing.py` | starts that process, and builds a table from its output |
| `row_values.py` | a table → rows of values, with the problems of their cells |
| `matching.py` | the employee of each row |
| `site_matching.py` | the home site of each row |
| `import_plan.py` | rows → the planned change of each |
| `row_writer.py` | the write, and the errors of the database by row |
| `services.py` | preview and apply: the same work, but the preview is rolled back |
| `employee_export.py` | employees → a file that can be imported again |
| `pending_files.py` | the files between preview and apply, for the admin |
| `views.py`, `serializers.py`, `admin_pages.py` | the endpoints of the API and the pages of the admin |
"""
