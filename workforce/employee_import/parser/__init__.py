"""Reads employee files in a separate process, which `file_parsing.py` starts for each file.

| file | contains |
|---|---|
| `parser_process.py` | the main function: options and file on stdin, the result as JSON on stdout |
| `parser_limits.py` | the limits, and `RejectedFile` |
| `rejected_types.py` | file types that are recognised to be named in the error |
| `csv_text.py` | CSV: encoding, delimiter, records |
| `xlsx_package.py` | XLSX: the zip, its parts, and their relations |
| `xlsx_workbook.py` | XLSX: sheets, styles and shared strings |
| `xlsx_sheet.py` | XLSX: the rows of a worksheet, streamed |
| `number_formats.py` | XLSX: numbers, and the number formats that make them dates |
| `workbook_reader.py` | XLSX: the table of one sheet of a workbook |
| `header_rows.py` | rows → a header row and the cells under its columns |

A cell is None, a text, or a pair of a kind and a text: `number`, `date`, `time`, `boolean`, `error`, `formula`
(without a result). Besides the standard library, the modules import only `import_columns.py`, `code_pages.py`,
`file_warnings.py` and `automatehq/spreadsheet_escape.py`, so that the process starts in 50 ms.
"""
