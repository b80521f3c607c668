"""A user's own files: linked as a whole, or run through all approaches (docs/own-customers.md).

``files`` and ``truth`` read them; ``decisions`` writes what linkage decides of a whole file. For a
run, ``schema`` and ``register`` put the customers into a database that is searched by keys, ``job``
and ``tools`` work on it, and ``verify`` looks at what came of it.
"""

from scenarios.csv_reconciliation.own.decisions import decide

__all__ = ["decide"]
