"""What splink and recordlinkage make of the same files, set up as their own guides advise.

splink: blocking rules, comparisons and training of its FEBRL 4 example, adapted to the columns at
hand; pairs from a probability of 0.9, the best for each row. recordlinkage: the union of several
blocks, Levenshtein comparisons and its unsupervised ECM classifier, the best pair for each row.
Its Jaro-Winkler calls a function that current releases of jellyfish no longer have.
"""

from __future__ import annotations

import csv
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns there are, by the way in which they are best compared."""

    names: tuple[str, str]
    date: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]


FEBRL = Columns(
    ("given_name", "surname"),
    "date_of_birth",
    ("address_1", "address_2", "suburb"),
    ("street_number", "postcode", "state", "soc_sec_id"),
    (
        ("soc_sec_id",),
        ("given_name", "surname"),
        ("date_of_birth",),
        ("surname", "postcode"),
        ("given_name", "postcode"),
        ("street_number", "address_1"),
        ("address_1", "suburb"),
    ),
)
FEBRL_WITHOUT_IDENTITY = Columns(
    FEBRL.names, FEBRL.date, FEBRL.texts, FEBRL.numbers[:-1], FEBRL.blocks[1:]
)
CROWD = Columns(
    ("given_name", "family_name"),
    "date_of_birth",
    ("street", "city"),
    ("phone", "email", "postcode"),
    (
        ("phone",),
        ("email",),
        ("given_name", "family_name", "date_of_birth"),
        ("date_of_birth", "family_name"),
        ("date_of_birth", "given_name"),
        ("family_name", "postcode"),
        ("given_name", "street", "city"),
    ),
)


def crowd_table(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8", newline="") as file:
        table = pd.DataFrame(csv.DictReader(file)).set_index("id")
    return table.replace("", None)


def by_splink(
    customers: pd.DataFrame, incoming: pd.DataFrame, columns: Columns
) -> set[tuple[str, str]]:
    """Pairs (incoming row, customer) of splink with DuckDB."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.WARNING)
    named = [*columns.names, columns.date, *columns.texts, *columns.numbers]
    comparisons: list[Any] = [
        *(
            cl.NameComparison(name).configure(term_frequency_adjustments=True)
            for name in columns.names
        ),
        cl.DamerauLevenshteinAtThresholds(columns.date, [1, 2]),
        *(cl.JaroWinklerAtThresholds(name, [0.9, 0.7]) for name in columns.texts),
        *(cl.DamerauLevenshteinAtThresholds(name, [1, 2]) for name in columns.numbers),
    ]
    rules = [block_on(*block) for block in columns.blocks]
    api = DuckDBAPI()
    tables = [
        api.register(_identified(table[named]), dataset_display_name=name)
        for table, name in ((customers, "a_customers"), (incoming, "b_incoming"))
    ]
    linker = Linker(
        tables,
        SettingsCreator(
            link_type="link_only",
            comparisons=comparisons,
            blocking_rules_to_generate_predictions=rules,
            retain_matching_columns=False,
        ),
        log_level=None,
    )
    certain = [block_on(*columns.names, columns.date)]
    linker.training.estimate_probability_two_random_records_match(certain, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=0)
    for rule in (block_on(columns.date), block_on(*columns.names)):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, record_sample_proportion=1.0
        )
    found = linker.inference.predict(threshold_match_probability=0.9).as_pandas_dataframe()
    best = found.sort_values("match_probability").drop_duplicates("unique_id_r", keep="last")
    return set(zip(best["unique_id_r"], best["unique_id_l"], strict=True))


def _identified(table: pd.DataFrame) -> pd.DataFrame:
    plain = table.astype(object).where(table.notna(), None)
    return plain.rename_axis("unique_id").reset_index()


def by_recordlinkage(
    customers: pd.DataFrame, incoming: pd.DataFrame, columns: Columns
) -> set[tuple[str, str]]:
    """Pairs (incoming row, customer) of recordlinkage."""
    import recordlinkage

    index = recordlinkage.Index()
    for block in columns.blocks:
        index.block(list(block))
    pairs = index.index(customers, incoming)
    compare = recordlinkage.Compare()
    for name in (*columns.names, *columns.texts):
        compare.string(name, name, method="levenshtein", threshold=0.75, label=name)
    for name in (columns.date, *columns.numbers):
        compare.exact(name, name, label=name)
    features = compare.compute(pairs, customers, incoming)
    classifier = recordlinkage.ECMClassifier()
    classifier.fit(features)
    probability = classifier.prob(features)
    likely = probability[probability >= 0.9].sort_values()
    frame = pd.DataFrame([*likely.index], columns=["customer", "row"])
    best = frame.drop_duplicates("row", keep="last")
    return set(zip(best["row"], best["customer"], strict=True))


def main() -> None:
    """Print precision, recall and F1 of all three on each FEBRL set."""
    import tempfile
    import time

    from tests.scenarios.csv_reconciliation import febrl

    print(f"{'set':<10} {'identity':>8} {'linker':>14}  precision  recall      F1  CPU s")
    for name in sys.argv[1:] or list(febrl.SETS):
        customers, incoming = febrl.SETS[name]()
        for fields, columns in (
            (febrl.FIELDS, FEBRL),
            (febrl.WITHOUT_IDENTITY, FEBRL_WITHOUT_IDENTITY),
        ):
            identity = "yes" if columns is FEBRL else "no"
            for linker in ("ours", "splink", "recordlinkage"):
                started = time.process_time()
                if linker == "ours":
                    with tempfile.TemporaryDirectory() as folder:
                        found = febrl.decided(Path(folder), customers, incoming, fields)
                else:
                    rival = by_splink if linker == "splink" else by_recordlinkage
                    merged = rival(customers, incoming, columns)
                    found = febrl.quality(merged, customers, incoming)
                seconds = time.process_time() - started
                print(
                    f"{name:<10} {identity:>8} {linker:>14}  {found.precision:>9.5f} "
                    f"{found.recall:>7.5f} {found.f1:>7.5f} {seconds:>6.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
