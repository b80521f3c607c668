"""The report's tables, as data: the same for terminal, Markdown and HTML."""
