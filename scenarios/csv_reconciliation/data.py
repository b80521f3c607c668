"""Cases: CSV files of a few rows, the customers that belong to them, and the truth.

A case has one focal stratum; its other rows are ordinary. Case *i* of a stratum depends on the
seed, the stratum and *i* alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import Connection, insert

from bench.cases import generated
from bench.types import Case, Drift, Json
from scenarios.csv_reconciliation import changed_rules, changed_shape, files
from scenarios.csv_reconciliation.locales import US
from scenarios.csv_reconciliation.people import background
from scenarios.csv_reconciliation.schema import customers, insert_trigrams, trigram_rows
from scenarios.csv_reconciliation.strata import KINDS, ORDINARY, STRATA
from scenarios.csv_reconciliation.strata.kind import Draft, Planned

FILE = "incoming.csv"
ROWS = (1, 1, 2, 2, 3)
"""How many rows a file has, drawn evenly: fewer than two on average, as steps take time."""
AT_HOME = 0.5
"""Share of the files from the US, where the stratum is found there; others are from anywhere."""
MIX: Mapping[str, float] = tomllib.loads((Path(__file__).with_name("mix.toml")).read_text())[
    "weights"
]


def populate(connection: Connection, seed: int) -> None:
    """Insert the background customers."""
    people = background(seed)
    connection.execute(insert(customers), [customer.values() for customer in people])
    insert_trigrams(connection, {each.id: each.trigrams for each in people})


def cases(
    counts: Mapping[str, int], seed: int, size: int | None = None, drift: Drift = "none"
) -> Sequence[Case]:
    """``counts[stratum]`` cases of each stratum, in the order of the strata; with a ``size``, files
    of that many rows, or of as many as the stratum needs; with a ``drift``, as they are after it.
    """
    ordered = {stratum.name: counts.get(stratum.name, 0) for stratum in STRATA}
    return generated(ordered, partial(_case, seed=seed, size=size, drift=drift))


def batch(records: int, seed: int) -> Case:
    """One file of that many ordinary rows, in the proportions of the mix."""
    rng = Random(f"csv_reconciliation/batch/{records}/{seed}")
    draft = Draft(rng, seed)
    kinds = rng.choices(ORDINARY, [MIX[name] for name in ORDINARY], k=records)
    rows = [row for kind in kinds for row in KINDS[kind].build(draft)]
    return _assemble(f"batch-{records}", ORDINARY[0], draft, rows, files.Format())


def _case(
    stratum: str,
    number: int,
    seed: int,
    size: int | None,
    drift: Drift = "none",
) -> Case:
    kind = KINDS[stratum]
    rng = Random(f"csv_reconciliation/{seed}/{kind.drawn_as or stratum}/{number}")
    locales = kind.locales
    home = US in locales and rng.random() < AT_HOME
    draft = Draft(rng, seed, US if home else rng.choice(locales), number)
    rows = kind.build(draft)
    for _ in range((size or rng.choice(ROWS)) - len(rows)):
        (other,) = KINDS[rng.choice(ORDINARY)].build(draft)
        last = len(rows) - (rows[-1].reason == "total_row")
        rows.insert(rng.randint(0, last), other)
    place = f"-{number:04d}" + (f"-rows{size}" if size else "")
    id_ = stratum + place
    if draft.twin:
        draft.twin += place
    form = (
        files.Format(surplus=draft.surplus) if kind.plain else files.drawn(rng, draft.people.locale)
    )
    return _assemble(id_, stratum, draft, rows, form, drift)


def _assemble(
    id_: str,
    stratum: str,
    draft: Draft,
    rows: Sequence[Planned],
    form: files.Format,
    drift: Drift = "none",
) -> Case:
    """A case, as it was or after a change of the world."""
    sheet = files.planned(draft.rng, rows, form)
    content, _ = files.written(sheet)
    case = Case(
        id=id_,
        stratum=stratum,
        records=tuple(f"{id_}/{number}" for number in range(1, len(rows) + 1)),
        rows={
            "customers": [customer.values() for customer in draft.on_file],
            "customer_trigrams": trigram_rows({each.id: each.trigrams for each in draft.on_file}),
            "imports": [{"id": id_, "file": FILE}],
        },
        files={FILE: content},
        truth={"seed": draft.seed, "rows": _truth(rows)},
        variant=draft.variant,
        twin=draft.twin,
        asks=draft.asks,
    )
    if drift == "rules":
        after = _truth([changed_rules.decided(row) for row in rows])
        truth = {**case.truth, "rows": after, "rows_before": case.truth["rows"]}
        return replace(case, id=f"{id_}~rules", truth=truth, drift=drift, twin=id_)
    if drift == "shape":
        form_ = changed_shape.form_of(stratum, draft.number)
        content, how = changed_shape.laid_out(sheet, draft.people.locale.country, form_)
        told = zip(case.truth["rows"], map(changed_shape.told, rows), strict=True)
        truth = {
            "seed": draft.seed,
            "rows": [{**right, "told": cells} for right, cells in told],
            "reading": how,
        }
        return replace(
            case,
            id=f"{id_}~shape",
            files={FILE: content},
            truth=truth,
            drift=drift,
            variant=form_,
            twin=id_,
        )
    return case


def _truth(rows: Sequence[Planned]) -> list[Json]:
    """For each row: what becomes of it, the customer it belongs to (by id, or by the earlier row
    that it repeats), and the values it sets there."""
    numbers = {row: number for number, row in enumerate(rows, start=1)}  # by identity
    return [
        {
            "disposition": row.disposition,
            "reason": row.reason,
            "customer": f"row {numbers[row.same_as]}" if row.same_as else row.customer,
            "take_name": row.take_name,
            "writes": row.writes,
        }
        for row in rows
    ]
