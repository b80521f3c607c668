"""The tables: who subscribes to what, what arrived, what was decided, what was charged.

Identifiers are text and moments are Unix seconds, so that the same schema serves SQLite and
PostgreSQL. Money is a whole number of the currency's minor unit.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    insert,
    select,
)

metadata = MetaData()

prices = Table(
    "prices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("unit_amount", BigInteger, comment="null where only decimals or tiers apply"),
    Column("currency", Text, nullable=False),
    Column("interval", Text, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
)

# As it stood before the deliveries that are still pending. Approaches read it, nobody writes it.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey(customers.c.id), nullable=False),
    Column("price_id", Text, nullable=False, comment="may have left the price list since"),
    Column("quantity", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("period_start", BigInteger, nullable=False),
    Column("period_end", BigInteger, nullable=False),
    Column(
        "proration_behavior",
        Text,
        nullable=False,
        default="always_invoice",
        comment="as agreed with the customer: always_invoice, create_prorations or none",
    ),
)

support_notes = Table(
    "support_notes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey(customers.c.id), nullable=False, index=True),
    Column("written", Text, nullable=False, comment="ISO date"),
    Column("text", Text, nullable=False),
)

pending_events = Table(
    "pending_events",
    metadata,
    Column("id", Text, primary_key=True, comment="one delivery; a redelivery has another"),
    Column("sequence", BigInteger, nullable=False, unique=True, comment="order of arrival"),
    Column("event_id", Text, nullable=False, index=True),
    Column("change_key", Text, index=True, comment="equal for one change told by two events"),
    Column("subscription_id", Text, comment="whichever the event is about, known or not"),
    Column("created", BigInteger, nullable=False, comment="when the change happened"),
    Column("received_at", BigInteger, nullable=False),
    Column("signature", Text, nullable=False, comment="the Stripe-Signature header"),
    Column("payload", Text, nullable=False, comment="the raw body, as signed"),
    Column("status", Text, nullable=False),
    CheckConstraint("status IN ('pending', 'processed', 'rejected')", name="known_status"),
    Index("pending_in_order", "status", "sequence"),
)

# Two keys make a second charge impossible, whoever tries: one event is charged once, and so is
# one change, should Stripe have told it by two events.
billing_events = Table(
    "billing_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("change_key", Text, unique=True),
    Column("delivery_id", Text, ForeignKey(pending_events.c.id), nullable=False, unique=True),
    Column("customer_id", Text, ForeignKey(customers.c.id), nullable=False),
    Column("subscription_id", Text, ForeignKey(subscriptions.c.id), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("period_start", BigInteger, nullable=False),
    Column("period_end", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("delivery_id", Text, ForeignKey(pending_events.c.id), primary_key=True),
    Column("decision", Text, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint(
        "decision IN ('billed', 'ignored', 'review', 'rejected')", name="known_decision"
    ),
)

# What `calculate_delta` has answered, so that a guard can hold a charge against it.
computed_deltas = Table(
    "computed_deltas",
    metadata,
    Column("delivery_id", Text, ForeignKey(pending_events.c.id), nullable=False, index=True),
    Column("delta", BigInteger, nullable=False),
)


def drop_keys(connection: Connection) -> None:
    """Take the keys of ``billing_events`` away, so that an event can be charged again: for runs
    without guards, on the copy of one trial. What is referred to has to exist all the same."""
    rows = [dict(row) for row in connection.execute(select(billing_events)).mappings()]
    billing_events.drop(connection)
    others = MetaData()
    for table in (customers, subscriptions, pending_events):
        table.to_metadata(others)
    keyless = Table(
        billing_events.name,
        others,
        *(
            Column(c.name, c.type, *(ForeignKey(k.target_fullname) for k in c.foreign_keys))
            for c in billing_events.columns
        ),
    )
    keyless.create(connection)
    if rows:
        connection.execute(insert(keyless), rows)


READ_ONLY = frozenset(table.name for table in (prices, customers, subscriptions, support_notes))
"""Tables that no approach has any business writing to."""
