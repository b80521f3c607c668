"""The tables: the customers on file, the files to import, and what became of each row.

An empty text stands for "no value"; no column is NULL but ``dispositions.customer_id``.
Background customers have ids that start with ``C0``, a case's own with ``C5``, and those that an
import creates with ``C9``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
)

from scenarios.csv_reconciliation.intake import Person
from scenarios.csv_reconciliation.keys import sound, trigrams

metadata = MetaData()

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("date_of_birth", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("postcode", Text, nullable=False),
    Column("family_sound", Text, nullable=False),  # to be searched by
    Column("mailbox", Text, nullable=False),  # the e-mail without a +tag, likewise
    Index("customers_by_mailbox", "mailbox"),
    Index("customers_by_phone", "phone"),
    Index("customers_by_date_of_birth", "date_of_birth"),
    Index("customers_by_family_and_postcode", "family_sound", "postcode"),
)

customer_trigrams = Table(
    "customer_trigrams",
    metadata,
    Column("trigram", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    sqlite_with_rowid=False,  # half the size, and found in one step
)
"""An index by parts of names. Without a foreign key, whose check would cost more than the write:
whoever writes a customer writes these too."""

imports = Table(
    "imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("file", Text, nullable=False),
)

dispositions = Table(
    "dispositions",
    metadata,
    Column("import_id", Text, ForeignKey("imports.id"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("disposition", Text, nullable=False),  # inserted, merged, rejected or flagged
    Column("customer_id", Text, ForeignKey("customers.id")),
    Column("reason", Text, nullable=False),
)


def drop_keys(connection: Connection) -> None:
    """Take the key of ``dispositions`` away, so that a row can be decided twice: for runs without
    guards, on the copy of one trial. Customers have to exist all the same, each once."""
    rows = [dict(row) for row in connection.execute(select(dispositions)).mappings()]
    dispositions.drop(connection)
    others = MetaData()
    for table in (customers, imports):
        table.to_metadata(others)
    keyless = Table(
        dispositions.name,
        others,
        *(
            Column(c.name, c.type, *(ForeignKey(k.target_fullname) for k in c.foreign_keys))
            for c in dispositions.columns
        ),
    )
    keyless.create(connection)
    if rows:
        connection.execute(insert(keyless), rows)


BACKGROUND, OWNED, IMPORTED = "C0", "C5", "C9"


@dataclass(frozen=True, slots=True)
class Customer:
    """A person on file."""

    id: str
    person: Person

    def values(self) -> dict[str, Any]:
        """The columns of ``customers``."""
        values = {name: getattr(self.person, name) for name in Person.__slots__}
        keys = {
            "family_sound": sound(fold(self.person.family_name)),
            "mailbox": mailbox(self.person.email),
        }
        return {"id": self.id, **values, **keys}

    @property
    def trigrams(self) -> frozenset[str]:
        """Those of both names."""
        return trigrams(fold(f"{self.person.given_name} {self.person.family_name}"))


def trigram_rows(trigrams: Mapping[str, frozenset[str]]) -> list[dict[str, str]]:
    """Rows of ``customer_trigrams``, from each customer's."""
    return [
        {"trigram": trigram, "customer_id": id_}
        for id_, of_name in trigrams.items()
        for trigram in sorted(of_name)
    ]


def insert_trigrams(connection: Connection, trigrams: Mapping[str, frozenset[str]]) -> None:
    """Write them. A dozen for each customer: handed to the driver as they are, in the order of
    the index, in a third of the time."""
    rows = sorted((each["trigram"], each["customer_id"]) for each in trigram_rows(trigrams))
    compiled = insert(customer_trigrams).compile(dialect=connection.dialect)
    names = ("trigram", "customer_id")
    if rows:
        connection.exec_driver_sql(
            str(compiled),
            rows if compiled.positional else [dict(zip(names, row, strict=True)) for row in rows],
        )


KEYS = ("family_sound", "mailbox")
CUSTOMER_COLUMNS = [column for column in customers.columns if column.name not in KEYS]


def customer(row: Any) -> Customer:
    """A row of ``CUSTOMER_COLUMNS`` as a customer."""
    return Customer(row[0], Person(*row[1:]))


def imported_id(row: int) -> str:
    """The id of the customer that row number ``row`` of an import creates."""
    return f"{IMPORTED}{row:05d}"


STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart."""


def mailbox(email: str) -> str:
    """An e-mail address without its +tag: both reach the same inbox."""
    local, at, domain = email.partition("@")
    return local.partition("+")[0] + at + domain


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """``text`` without case, accents, punctuation and spare blanks, for comparing."""
    plain = text.casefold()
    if not plain.isascii():
        decomposed = unicodedata.normalize("NFKD", plain.translate(STROKES))
        plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", plain).strip()
