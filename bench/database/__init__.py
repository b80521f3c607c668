"""Database engines, and a fresh database state for every trial: docs/postgresql.md."""

from bench.database.rows import load, table_rows
from bench.database.sqlite import sqlite_engine
from bench.database.template import Template, scratch_workspace

__all__ = ["Template", "load", "scratch_workspace", "sqlite_engine", "table_rows"]
