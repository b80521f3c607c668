"""From figures to something to read: terminal, Markdown, HTML, charts, ``summary.json``."""

from bench.report.terminal import terminal_table
from bench.report.write import ReportPaths, write_report

__all__ = ["ReportPaths", "terminal_table", "write_report"]
