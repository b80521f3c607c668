"""Rows in and out of a trial's database, the same with every engine."""

from __future__ import annotations

from sqlalchemy import Engine, MetaData, Table, insert, select

from bench.types import Case, Json, Workspace


def load(engine: Engine, metadata: MetaData, case: Case) -> None:
    """Insert the case's rows, table by table in the order given."""
    with engine.begin() as connection:
        for table, rows in case.rows.items():
            if rows:
                connection.execute(insert(metadata.tables[table]), [dict(row) for row in rows])


def table_rows(
    workspace: Workspace, table: Table, *, leave_out: frozenset[str] = frozenset()
) -> list[Json]:
    """All rows of a table without the columns left out, as sorted lists of plain values."""
    columns = [column for column in table.columns if column.name not in leave_out]
    with workspace.engine.connect() as connection:
        rows = connection.execute(select(*columns)).all()
    return sorted(([*row] for row in rows), key=repr)
