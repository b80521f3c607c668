"""A trial's database on a server: always as the template is, and nobody else's is touched."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from bench.database import Template, table_rows
from bench.database.postgresql import COMMENT
from bench.database.server import open_server
from bench.errors import BenchError, ToolError
from bench.types import Case, ToolContext, Workspace
from scenarios.billing_webhooks import SCENARIO as BILLING
from scenarios.billing_webhooks import tools
from scenarios.billing_webhooks.schema import billing_events
from scenarios.csv_reconciliation import SCENARIO as CSV
from tests.postgres import Cluster
from tests.toy import TOY, background, numbers

SCHEMAS = (
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
    " ORDER BY nspname"
)


@pytest.fixture
def template(cluster: Cluster, database: str) -> Iterator[Template]:
    with Template(TOY, 1, server=open_server(cluster.url(database))) as opened:
        yield opened


def toy_case() -> Case:
    (case,) = TOY.cases({"digits": 1}, 1)
    return case


def names(workspace: Workspace) -> list[object]:
    return table_rows(workspace, background)


def schemas(cluster: Cluster, database: str) -> list[str]:
    return [name for (name,) in cluster.query(database, SCHEMAS)]


def test_what_a_trial_adds_is_gone_in_the_next(template: Template) -> None:
    with template.workspace(toy_case()) as workspace:
        before = names(workspace), table_rows(workspace, numbers)
        place = workspace.engine
        with workspace.engine.begin() as connection:
            connection.execute(insert(background), [{"id": 1_000, "name": "new"}])
            connection.execute(insert(numbers), [{"id": "x", "text": "1"}])
    with template.workspace(toy_case()) as workspace:
        assert workspace.engine is place
        assert (names(workspace), table_rows(workspace, numbers)) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE background SET name = 'other' WHERE id = 7",
        "DELETE FROM background WHERE id = 7",
        "TRUNCATE background",
        "DROP TABLE background",
        "ALTER TABLE background ADD COLUMN extra int",
        "ALTER TABLE numbers DROP CONSTRAINT numbers_pkey",
        "CREATE TABLE another (id int)",
        "CREATE UNIQUE INDEX strict ON background (name)",
        "INSERT INTO background SELECT i, 'many' FROM generate_series(1000, 3000) i",
    ],
)
def test_whatever_else_a_trial_does_is_undone(template: Template, damage: str) -> None:
    def told(workspace: Workspace) -> object:
        with workspace.engine.connect() as connection:
            query = (
                "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE connamespace ="
                " current_schema()::regnamespace UNION ALL SELECT tablename, indexname FROM"
                " pg_indexes WHERE schemaname = current_schema() UNION ALL SELECT table_name,"
                " column_name FROM information_schema.columns WHERE table_schema = current_schema()"
                " ORDER BY 1, 2"
            )
            return connection.execute(text(query)).all(), names(workspace)

    with template.workspace(toy_case()) as workspace:
        before = told(workspace)
        with workspace.engine.begin() as connection:
            connection.execute(text(damage))
    with template.workspace(toy_case()) as workspace:
        assert told(workspace) == before


def test_trials_at_once_do_not_see_each_other(template: Template) -> None:
    case = toy_case()
    with template.workspace(case) as one, template.workspace(case) as two:
        with one.engine.begin() as connection:
            connection.execute(update(numbers).values(label="odd"))
        assert [row[-1] for row in table_rows(one, numbers)] == ["odd"]
        assert [row[-1] for row in table_rows(two, numbers)] == [None]


def test_texts_are_ordered_byte_by_byte_whatever_the_servers_locale(
    cluster: Cluster, template: Template
) -> None:
    texts = ["a", "B", "ä", "Z", "z", "a b", "ab", "a-b", "Ω", "あ", "_", "é"]
    with template.workspace(toy_case()) as workspace, workspace.engine.begin() as connection:
        connection.execute(
            insert(background),
            [{"id": 1_000 + i, "name": each} for i, each in enumerate(texts)],
        )
        ordered = select(background.c.name).order_by(background.c.name)
        found = connection.scalars(ordered.where(background.c.id >= 1_000)).all()
        by_locale = connection.scalars(
            text("SELECT t FROM unnest(CAST(:texts AS text[])) t ORDER BY t"), {"texts": texts}
        ).all()
    assert found == sorted(texts, key=lambda each: each.encode())
    if cluster.locale != "C":
        assert by_locale != found, "the locale orders otherwise, so this test can fail"


def test_all_that_was_made_goes_and_nothing_else(cluster: Cluster, database: str) -> None:
    cluster.query(database, "CREATE SCHEMA agent_or_job_0badcafe_1")  # a user's, by its comment
    cluster.query(database, "CREATE TABLE public.customers AS SELECT 1 AS mine")
    before = schemas(cluster, database)
    with (
        Template(TOY, 1, server=open_server(cluster.url(database))) as template,
        template.workspace(toy_case()),
        template.workspace(toy_case()),
    ):
        assert len(schemas(cluster, database)) == len(before) + 3
    assert schemas(cluster, database) == before
    assert cluster.query(database, "SELECT mine FROM public.customers") == [(1,)]


def test_what_a_killed_run_left_goes_and_what_a_living_one_uses_stays(
    cluster: Cluster, database: str
) -> None:
    server = open_server(cluster.url(database))
    for digits in ("0badcafe", "feedbeef"):
        cluster.query(database, f"CREATE SCHEMA agent_or_job_{digits}_1")
        cluster.query(database, f"COMMENT ON SCHEMA agent_or_job_{digits}_1 IS '{COMMENT}'")
        cluster.query(database, f"CREATE TABLE agent_or_job_{digits}_1.numbers AS SELECT 1 AS n")
    cluster.query(
        database, "CREATE VIEW public.mine AS SELECT n FROM agent_or_job_feedbeef_1.numbers"
    )
    with Template(TOY, 1, server=server) as living, living.workspace(toy_case()) as workspace:
        found = schemas(cluster, database)
        assert "agent_or_job_0badcafe_1" not in found
        assert "agent_or_job_feedbeef_1" in found, "somebody's view rests on it"
        with Template(TOY, 1, server=server):
            assert set(schemas(cluster, database)) > set(found)
        assert schemas(cluster, database) == found
        assert len(names(workspace)) == 100
    assert cluster.query(database, "SELECT n FROM public.mine") == [(1,)]


def test_a_server_that_fails_a_trial_is_not_the_jobs_fault(
    cluster: Cluster, database: str, template: Template
) -> None:
    def fail() -> None:
        with template.workspace(toy_case()) as workspace:
            with workspace.engine.connect() as connection:
                pid = connection.scalar(text("SELECT pg_backend_pid()"))
            cluster.query(database, f"SELECT pg_terminate_backend({pid}, 10000)")
            with contextlib.suppress(DBAPIError):  # as a job's failures are taken for its own
                names(workspace)

    with pytest.raises(BenchError, match="it goes on where it stopped"):
        fail()
    with template.workspace(toy_case()) as workspace:
        assert len(names(workspace)) == 100


def charge_at_once(workspace: Workspace, case: Case, crowd: int) -> tuple[int, int]:
    """Let that many charge the case's event at the same moment: how often it is charged, and how
    many are refused."""
    tasks = BILLING.tasks(case, case.records)
    (call,) = [
        call for call in BILLING.ideal(case, tasks[0]) if call.name == "create_billing_event"
    ]
    arguments = tools.CreateBillingEvent.model_validate(call.arguments)
    barrier = threading.Barrier(crowd)
    refused = []

    def charge() -> None:
        barrier.wait()
        try:
            # Without the tool's guards the keys alone decide.
            context = ToolContext(workspace, case.records, guards=False)
            tools.create_billing_event(context, arguments)
        except ToolError as error:
            refused.append(error)

    threads = [threading.Thread(target=charge) for _ in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(table_rows(workspace, billing_events)), len(refused)


def test_an_event_is_charged_once_however_many_try(cluster: Cluster, database: str) -> None:
    (case,) = BILLING.cases({"upgrade_mid_cycle": 1}, 2026)
    with Template(BILLING, 2026, server=open_server(cluster.url(database))) as template:
        with template.workspace(case) as workspace:
            assert charge_at_once(workspace, case, 4) == (1, 3)
        with template.workspace(case) as workspace:
            BILLING.unguard(workspace)  # as --no-guards does, for this trial alone
            assert charge_at_once(workspace, case, 4) == (4, 0)
        with template.workspace(case) as workspace:
            assert charge_at_once(workspace, case, 4) == (1, 3)


def test_tools_search_by_index_on_both_engines(cluster: Cluster, database: str) -> None:
    (case,) = CSV.cases({"clean_new": 1}, 2026)
    with (
        Template(CSV, 2026, server=open_server(cluster.url(database))) as template,
        template.workspace(case) as workspace,
        workspace.engine.connect() as connection,
    ):
        for condition in (
            "mailbox = 'a@example.org'",
            "phone = '+49301234567'",
            "date_of_birth = '1980-01-01'",
            "family_sound = 'm46' AND postcode = '89073'",
        ):
            plan = "\n".join(
                connection.scalars(text(f"EXPLAIN SELECT * FROM customers WHERE {condition}"))
            )
            assert "Index" in plan, plan
