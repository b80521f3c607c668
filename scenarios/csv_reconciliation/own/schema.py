"""The tables of a run on a user's own files. An empty text stands for "no value".

Customers are found by keys, each a number made of parts of a record (``linkage.stored``), and by
family name. A customer's ``place`` is its number in the file; those that a row creates follow.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text

from scenarios.csv_reconciliation.linkage import FIELDS

metadata = MetaData()

customers = Table(
    "customers",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    *(Column(name, Text, nullable=False) for name in FIELDS),
    Column("family_key", Text, nullable=False, index=True),  # folded, to be searched by
)

customer_keys = Table(
    "customer_keys",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, ForeignKey("customers.place"), primary_key=True),
    sqlite_with_rowid=False,  # half the size, and found in one step
)

incoming = Table(
    "incoming",
    metadata,
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("fault", Text, nullable=False),  # why it cannot be a customer; mostly empty
    *(Column(name, Text, nullable=False) for name in FIELDS),
)

dispositions = Table(
    "dispositions",
    metadata,
    Column("row", Integer, ForeignKey("incoming.row"), primary_key=True, autoincrement=False),
    Column("disposition", Text, nullable=False),  # inserted, merged, rejected or flagged
    Column("customer_id", Text, ForeignKey("customers.id")),
)

sources = Table(
    "sources",
    metadata,
    Column("file", Text, primary_key=True),
    Column("digest", Text, nullable=False),  # makes other files another run
)
