"""Text that a spreadsheet must not execute when somebody opens a CSV file of ours."""

from __future__ import annotations

FORMULA = tuple("=+-@\t\r\n\0＝＋－＠")
"""What a spreadsheet takes for a formula's start, East Asian ones full-width too
(https://owasp.org/www-community/attacks/CSV_Injection)."""


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would execute: it was written by a
    user, a partner or a model."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
