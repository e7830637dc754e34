"""Reads employee files in a process of its own, which `tables.py` starts for every file.

| file | contains |
|---|---|
| `process.py` | the main function: options and file on stdin, the answer as JSON on stdout |
| `limits.py` | the limits, and `Refusal` |
| `filetypes.py` | the file types that are named when they are refused |
| `text.py` | CSV: encoding, delimiter, records |
| `package.py` | XLSX: the zip, its parts, and how they refer to each other |
| `workbook.py` | XLSX: sheets, styles and shared strings |
| `sheet.py` | XLSX: the rows of a worksheet, streamed |
| `numbers.py` | XLSX: numbers, and the number formats that make them dates |
| `tables.py` | rows → a header row and the cells under its columns |

A cell is None, a text, or a pair of a kind and a text: `number`, `date`, `time`, `boolean`, `error`, `formula` (without a
result). The modules use the standard library, `headers.py` and `doubts.py` only, so that the process starts in 50 ms.
"""
