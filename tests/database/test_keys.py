"""Both engines find the same people by sound and by trigrams, and forget a trial's."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sqlalchemy import func, select

from bench.database import Template
from bench.database.server import open_server
from bench.types import Workspace
from scenarios.csv_reconciliation import SCENARIO
from scenarios.csv_reconciliation.people import background, mistyped
from scenarios.csv_reconciliation.schema import Customer, customer_trigrams
from scenarios.csv_reconciliation.search import LIKE, find, sharing_trigrams
from tests.postgres import Cluster

SEED = 2026


def found(workspace: Workspace) -> list[list[str]]:
    rng = Random(SEED)
    people = [known.person for known in rng.sample(background(SEED), 60)]
    typed = [
        replace(
            each,
            family_name=mistyped(rng, f"{each.family_name}on"),
            email="",
            phone="",
            date_of_birth=f"{each.date_of_birth[:-1]}8",
        )
        for each in people
    ]
    with workspace.engine.connect() as connection:
        by_name = [
            [c.id for c in sharing_trigrams(connection, Customer("", each).trigrams, LIKE)]
            for each in typed
        ]
        return by_name + [[c.id for c, _ in find(connection, each)] for each in typed]


def test_mistyped_names_lead_to_the_same_people_on_both(cluster: Cluster, database: str) -> None:
    (case,) = SCENARIO.cases({"typo_two_fields": 1}, SEED)
    server = open_server(cluster.url(database))
    with (
        Template(SCENARIO, SEED) as one,
        Template(SCENARIO, SEED, server=server) as other,
        one.workspace(case) as here,
        other.workspace(case) as there,
    ):
        results = found(here)
        assert results == found(there)
        assert sum(map(bool, results)) > 80


def test_the_names_of_a_trial_are_forgotten(cluster: Cluster, database: str) -> None:
    new, other = SCENARIO.cases({"clean_new": 2}, SEED)
    with Template(SCENARIO, SEED, server=open_server(cluster.url(database))) as template:
        counts = []
        for case in (new, other, new):
            with template.workspace(case) as workspace:
                SCENARIO.job(workspace, unsure="review")
                with workspace.engine.connect() as connection:
                    query = select(func.count()).select_from(customer_trigrams)
                    counts.append(connection.scalar(query))
        assert counts[0] == counts[2]
        assert counts[0] > sum(len(each.trigrams) for each in background(SEED))
