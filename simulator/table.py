"""A CSV file as cells that know their line, so that whoever reads them can say where something is wrong."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from router.errors import Fault, UsageFault
from router.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, without the blanks around them, and the line in the file that it ends on."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A header, and at least one row below it; all have the same number of cells, two or more."""

    file: str
    header: Row
    rows: tuple[Row, ...]

    def fault(self, line: int, field: str, message: str, hint: str = "") -> UsageFault:
        """What is wrong with the file, at its place, to be raised."""
        return _fault(self.file, line, field, message, hint)

    def column(self, name: str, option: str) -> int:
        """The index of the column that an option of the command line names."""
        if name not in self.header.cells:
            hint = did_you_mean(name, self.header.cells) or f"its columns are {', '.join(self.header.cells)}"
            raise self.fault(self.header.line, option, f"there is no column `{name}`", hint)
        return self.header.cells.index(name)


def read_table(path: Path) -> Table:
    """Read a CSV file in UTF-8, with or without a byte order mark, separated by commas, semicolons or tabs.

    Blank lines are skipped. Raises `UsageFault` when this is no table of at least two columns and one row.
    """
    file = str(path)
    text = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    lines = _lines(file, text, delimiter)
    if not lines:
        raise _fault(file, 0, "", "the file is empty", "it needs a header and a row for each interval")
    table = Table(file, lines[0], tuple(lines[1:]))
    _check(table)
    return table


def _fault(file: str, line: int, field: str, message: str, hint: str = "") -> UsageFault:
    return UsageFault(str(Fault(file, line, field, message, hint)))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _fault(str(path), 0, "", f"the file cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "save it as CSV in UTF-8"
        raise _fault(str(path), line, "", f"byte 0x{data[error.start]:02X} is not UTF-8", hint) from None


def _lines(file: str, text: str, delimiter: str) -> list[Row]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    try:
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise _fault(file, reader.line_num, "", f"this is not CSV: {error}") from None
    return rows


def _check(table: Table) -> None:
    """The header names different columns, two at least, and every row has as many cells."""
    line, names = table.header.line, table.header.cells
    if len(names) == 1:
        raise table.fault(line, "", "there is only one column", "separate columns by commas, semicolons or tabs")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise table.fault(line, twice[0], "two columns have this name", "rename one of them")
    if not table.rows:
        raise table.fault(line, "", "there is nothing below the header", "give a row for each interval")
    for row in table.rows:
        if len(row.cells) != len(names):
            message = f"this row has {len(row.cells)} cells, the header {len(names)}"
            raise table.fault(row.line, "", message, "a cell with a separator in it stands in quotes")
