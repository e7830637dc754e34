"""The encodings of CSV files that can be chosen, and Python's codec for each."""

CODECS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "windows-1255": "cp1255",
    "windows-1252": "cp1252",
    "iso-8859-8": "iso8859-8",
    "cp862": "cp862",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1254": "cp1254",
    "windows-1256": "cp1256",
    "windows-874": "cp874",
}

ENCODINGS = tuple(CODECS)
