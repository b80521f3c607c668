"""``bench run csv_reconciliation --data``: a user's own customers through all approaches."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bench.analysis.summary import summarise
from bench.cli import invoke
from bench.database import Template
from bench.errors import BenchError, ToolError
from bench.journal import read_run, read_steps
from bench.types import Case, RecordVerdict, ToolContext, Workspace
from scenarios.csv_reconciliation.own_customers import OwnCustomers
from tests.benchmarks import crowd

EXAMPLE = Path(__file__).parents[3] / "scenarios/csv_reconciliation/example"
SECRETS = ("Zeppelinwerk", "ottilie@zweigelt", "Hirschgasse", "Z-739128350")


@pytest.fixture(scope="module", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.redaction.platformdirs.user_state_dir", lambda _: str(folder))
        yield folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The example, to be changed."""
    shutil.copytree(EXAMPLE, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def personal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data without truth, with values that occur nowhere else."""
    folder = tmp_path_factory.mktemp("personal") / "data"
    shutil.copytree(EXAMPLE, folder)
    (folder / "truth.csv").unlink()
    customers = (folder / "customers.csv").read_text("cp1252")
    customers = customers.replace("K-1001", "Z-739128350").replace("Müller", "Zeppelinwerk")
    (folder / "customers.csv").write_text(customers, "cp1252")
    incoming = (folder / "incoming.csv").read_text("utf-8")
    for old, new in {
        "Mueller": "Zeppelinwerk",
        "j.mueller@": "ottilie@zweigelt.",
        "Lindenweg": "Hirschgasse",
    }.items():
        incoming = incoming.replace(old, new)
    (folder / "incoming.csv").write_text(incoming, "utf-8")
    return folder


def run(data: Path, results: Path, *options: str) -> Path:
    arguments = ["run", "csv_reconciliation", "--data", str(data), "--results", str(results)]
    assert invoke([*arguments, "--model", "reference", "--repeats", "1", *options]) == 0
    return (results / "latest").resolve()


def edit(file: Path, old: str, new: str) -> None:
    content = file.read_bytes()
    assert old.encode() in content
    file.write_bytes(content.replace(old.encode(), new.encode()))


def judged(own: OwnCustomers) -> dict[str, RecordVerdict]:
    """What is said of each row once the job is done."""
    verdicts = {}
    with Template(own, 1) as template:
        for case in own.cases({"own_data": 99}, 1):
            with template.workspace(case) as workspace:
                own.job(workspace, unsure="review")
                verdict = own.verify(case, workspace)
                assert verdict.faults == ()
                verdicts |= {record.record: record for record in verdict.records}
    return verdicts


def test_with_truth_each_row_is_judged_from_the_database(tmp_path: Path) -> None:
    folder = run(EXAMPLE, tmp_path, "--option", "rows=10")
    found = {r.approach: r for r in summarise(folder).rows if r.stratum == "all"}
    assert {name: (row.success, row.deferred) for name, row in found.items()} == {
        "job": (0.9, 0.1),
        "agent": (0.9, 0.1),
        "hybrid": (0.9, 0.1),
        "always_skip": (0.2, 0.0),
        "always_defer": (0.0, 1.0),
    }
    job = summarise(folder).pairs[0]
    assert (job.approach, job.due, job.linked, job.right) == ("job", 6, 5, 5)
    assert "Recognition" in (folder / "report.html").read_text("utf-8")
    assert "83.3%" in (folder / "report.md").read_text("utf-8")
    (trial,) = (t for t in read_run(folder).trials if t.approach == "job")
    assert {r.record: r.decision for r in trial.verdict.records if r.status != "pass"} == {
        "row_4": "flagged"
    }


def test_cases_are_slices_and_a_larger_plan_extends_a_smaller_one() -> None:
    own = OwnCustomers(EXAMPLE, {"rows": "3"})
    assert own.available == 4
    all_ = own.cases({"own_data": 4}, 7)
    assert [case.records for case in all_] == [
        ("row_1", "row_2", "row_3"),
        ("row_4", "row_5", "row_6"),
        ("row_7", "row_8", "row_9"),
        ("row_10",),
    ]
    some = own.cases({"own_data": 2}, 7)
    assert {case.id for case in some} < {case.id for case in own.cases({"own_data": 3}, 7)}
    assert {case.id for case in some} < {case.id for case in all_}
    assert [len(case.records) for case in own.resized(5).cases({"own_data": 9}, 7)] == [5, 5]
    assert len(OwnCustomers(EXAMPLE, {}).cases({"own_data": 99}, 7)) == 10


def test_a_wrong_customer_fails_and_whom_a_new_row_repeats_is_judged_only_if_told(
    data: Path,
) -> None:
    edit(data / "truth.csv", "P-03,K-1003", "P-03,K-1004")
    edit(data / "truth.csv", "P-05,K-1007", "P-05,")
    told = judged(OwnCustomers(data, {"rows": "10"}))
    assert {name: v.status for name, v in told.items() if v.status != "pass"} == {
        "row_3": "fail",
        "row_4": "deferred",
        "row_5": "fail",
    }
    assert told["row_3"].reasons == ("merged K-1003, right is: merged K-1004",)
    assert told["row_7"].decision == "merged row_6"
    edit(data / "truth.csv", "row P-06", "")
    edit(data / "truth.csv", "P-08,", "P-08,row P-06")
    told = judged(OwnCustomers(data, {"rows": "10"}))
    assert told["row_7"].reasons == ("merged row_6, right is: inserted",)
    assert told["row_8"].reasons == ("inserted, right is: merged row_6",)
    edit(data / "truth.csv", "P-08,row P-06", "P-08,")
    told = judged(OwnCustomers(data, {"rows": "10"}))
    assert (told["row_7"].status, told["row_8"].status) == ("pass", "pass")


def test_the_truth_reaches_nobody_but_the_verdict(data: Path, tmp_path: Path) -> None:
    with_truth = run(data, tmp_path / "a", "--option", "rows=10")
    (data / "truth.csv").unlink()
    without = run(data, tmp_path / "b", "--option", "rows=10")
    said = [
        [(step.messages, [tool.result for tool in step.tools]) for step in read_steps(folder)]
        for folder in (with_truth, without)
    ]
    assert said[0] == said[1]
    assert said[0]


def test_without_truth_success_is_unknown_and_disputes_are_listed(
    personal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = OwnCustomers.ideal

    def rejecting(self: OwnCustomers, case: Case, task: object) -> object:
        calls = honest(self, case, task)  # type: ignore[arg-type]
        if case.records != ("row_2",):
            return calls
        return (type(calls[0])("reject_row", {"row": 2}), calls[-1])

    monkeypatch.setattr(OwnCustomers, "ideal", rejecting)
    folder = run(personal, tmp_path)
    trials = read_run(folder).trials
    assert {trial.status for trial in trials} == {"unknown"}
    summary = summarise(folder)
    assert {(a.first, a.second, a.alike, a.records) for a in summary.agreements} == {
        ("job", "agent with reference", 9, 10),
        ("job", "hybrid with reference", 10, 10),
        ("agent with reference", "hybrid with reference", 9, 10),
    }
    (dispute,) = summary.disputes
    assert dispute.record == "row_2"
    assert {told.approach: told.decision for told in dispute.decisions} == {
        "job": "merged K-1002",
        "agent with reference": "rejected",
        "hybrid with reference": "merged K-1002",
    }


def test_a_redacted_run_holds_nothing_of_the_data(personal: Path, tmp_path: Path) -> None:
    plain = run(personal, tmp_path / "plain", "--option", "rows=5")
    redacted = run(personal, tmp_path / "redacted", "--option", "rows=5", "--redact")
    told = b"".join(path.read_bytes() for path in plain.rglob("*") if path.is_file())
    assert all(secret.encode() in told for secret in SECRETS), "the test looks for nothing"
    for path in redacted.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [secret for secret in SECRETS if secret.encode() in content], path
    assert {(a.alike, a.records) for a in summarise(redacted).agreements} == {(10, 10)}


def test_other_customers_are_another_run(data: Path, tmp_path: Path) -> None:
    folder = run(data, tmp_path, "--approach", "job", "--cases", "3")
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-3]))
    assert run(data, tmp_path, "--approach", "job", "--cases", "3") == folder
    journal.write_bytes(b"".join(lines[:-3]))
    edit(data / "customers.csv", "Lena", "Hela")
    assert run(data, tmp_path, "--approach", "job", "--cases", "3") != folder


def test_slices_are_decided_as_the_whole_file_is(tmp_path: Path) -> None:
    """With what the whole files have taught, and customers found through the database."""
    crowd.write(tmp_path, 600)
    command = ["scenario", "job", "csv_reconciliation", "--data", str(tmp_path)]
    assert invoke([*command, "--out", str(tmp_path / "out")]) == 0
    with (tmp_path / "out/decisions.csv").open(encoding="utf-8", newline="") as file:
        whole = [
            f"merged {line['customer_id']}"
            if line["disposition"] == "merged" and not line["customer_id"].startswith("row ")
            else line["disposition"]
            for line in csv.DictReader(file)
        ]
    own = OwnCustomers(tmp_path, {"rows": "600"})
    assert [record.decision for record in judged(own).values()] == whole
    sliced = [record.decision for record in judged(own.resized(20)).values()]
    assert sum(one == other for one, other in zip(sliced, whole, strict=True)) >= 597


@pytest.fixture
def few_fields(tmp_path: Path) -> OwnCustomers:
    """Customers of a shop that knows names, towns and loyalty cards."""
    (tmp_path / "customers.csv").write_text(
        "card,who,town\n77/a,Ann Lee,Bern\nrow_1,Bo Oz,Ulm\n9,Al Poe,Graz\n", "utf-8"
    )
    (tmp_path / "incoming.csv").write_text("who,town,x\nAnn Lee,Berne,1\nCy Day,Basel,2\n", "utf-8")
    (tmp_path / "columns.toml").write_text(
        '[customers]\nid = "card"\nfamily_name = "who"\ncity = "town"\nemail = "town"\n'
        '[incoming]\nfamily_name = "who"\ncity = "town"\n',
        "utf-8",
    )
    return OwnCustomers(tmp_path, {"rows": "2"})


def use(own: OwnCustomers, case: Case, workspace: Workspace, name: str, **given: object) -> object:
    tool = next(tool for tool in own.tools if tool.name == name)
    return tool.run(ToolContext(workspace, case.records), tool.arguments(**given))


def test_tools_know_the_fields_that_both_files_have(few_fields: OwnCustomers) -> None:
    own = few_fields
    (case,) = own.cases({"own_data": 1}, 1)
    (task,) = own.tasks(case, case.records)
    assert task.message == "Yours:\n\nfamily_name,city\nrow 1: Ann Lee,Berne\nrow 2: Cy Day,Basel"
    with Template(own, 1) as template, template.workspace(case) as workspace:
        found = use(own, case, workspace, "find_customers", row=1)
        assert found["candidates"][0] == {  # type: ignore[index]
            "id": "77/a",
            "same": ["family_name"],
            "differs": {"city": "Bern"},
        }
        assert use(own, case, workspace, "search_customers", text="row_1") == {
            "found": [{"id": "row_1", "family_name": "Bo Oz", "city": "Ulm"}]
        }
        with pytest.raises(ToolError, match="no customer K-1"):
            use(own, case, workspace, "merge_customer", row=1, customer_id="K-1")
        with pytest.raises(ToolError, match=r"rows \[1, 2\] are not decided"):
            use(own, case, workspace, "finish")
        use(own, case, workspace, "merge_customer", row=1, customer_id="77/a")
        with pytest.raises(ToolError, match="decided already"):
            use(own, case, workspace, "reject_row", row=1)
        told = use(own, case, workspace, "insert_customer", row=2)
        assert told["next"] == "finish"  # type: ignore[index]
        assert use(own, case, workspace, "search_customers", text="Cy Day") == {
            "found": [{"id": "new_row_2", "family_name": "Cy Day", "city": "Basel"}]
        }
        use(own, case, workspace, "finish")
        decided = [record.decision for record in own.verify(case, workspace).records]
        assert decided == ["merged 77/a", "inserted"]


def test_many_rows_are_read_page_by_page_or_one_by_one(tmp_path: Path) -> None:
    crowd.write(tmp_path, 30)
    own = OwnCustomers(tmp_path, {"rows": "30"})
    (case,) = own.cases({"own_data": 1}, 1)
    (task,) = own.tasks(case, case.records)
    assert len(task.message) < 100
    with Template(own, 1) as template, template.workspace(case) as workspace:
        page = use(own, case, workspace, "read_rows", first=11)
        told = use(own, case, workspace, "column_statistics", column="email")
    assert [*page["rows"]] == [*range(11, 21)]  # type: ignore[index]
    assert page["next_page"] == 21  # type: ignore[index]
    assert told["rows"] == 30  # type: ignore[index]
    own = own.configured({"conversation": "row"})
    assert [task.records for task in own.tasks(case, case.records)] == [
        (record,) for record in case.records
    ]


def test_customers_are_found_through_indexes(few_fields: OwnCustomers) -> None:
    own = few_fields
    (case,) = own.cases({"own_data": 1}, 1)
    asked: list[str] = []
    with Template(own, 1) as template, template.workspace(case) as workspace:
        from sqlalchemy import event

        @event.listens_for(workspace.engine, "before_cursor_execute")
        def _note(_1: object, _2: object, statement: str, given: object, *_: object) -> None:
            asked.append(statement)
            if statement.startswith("SELECT") and "customer" in statement:
                plans.append((statement, given))

        plans: list[tuple[str, object]] = []
        use(own, case, workspace, "find_customers", row=1)
        for words in ("77/a", "Poe", "al poe", "a@b.example"):
            use(own, case, workspace, "search_customers", text=words)
        own.job(workspace, unsure="review")
        with workspace.engine.connect() as connection:
            for statement, given in tuple(plans):
                explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[arg-type]
                for line in explained:
                    assert " customers" not in line.detail or "SEARCH" in line.detail, statement
                    assert "customer_keys" not in line.detail or "SEARCH" in line.detail
            assert plans
            assert connection.execute(text("select count(*) from customer_keys")).scalar()


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("row,customer\n", "truth.csv, line 1: no column row_id, customer_id"),
        ("row_id,customer_id\nP-1,\n", "line 2: incoming.csv has no row 'P-1'"),
        ("row_id,customer_id\nP-01,K-1\n", "line 2: customers.csv has no 'K-1'"),
        ("row_id,customer_id\nP-01,row P-1\n", "line 2: incoming.csv has no 'row P-1'"),
        ("row_id,customer_id\nP-01,\nP-01,\n", "line 3: row 'P-01' has two lines"),
        ("row_id,customer_id\nP-01,\n", "no line for row P-02 of incoming.csv"),
        (
            "row_id,disposition,customer_id\nP-01,flagged,K-1001\n",
            "line 2: still flagged; write merged or inserted",
        ),
        ("row_id,customer_id\nP-01,row P-02\nP-02,row P-01\n", "line 3: the rows repeat one"),
    ],
)
def test_a_mistake_in_the_truth_is_one_line(data: Path, lines: str, complaint: str) -> None:
    (data / "truth.csv").write_text(lines, encoding="utf-8")
    with pytest.raises(BenchError) as error:
        OwnCustomers(data, {})
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_what_cannot_be_run_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "incoming.csv").write_text("ref,first name\n", encoding="utf-8")
    (data / "columns.toml").write_text('[incoming]\ngiven_name = "first name"\n[customers]\n'
                                       'id = "kundennr"\ngiven_name = "vorname"\n')  # fmt: skip
    command = ["run", "csv_reconciliation", "--data", str(data), "--model", "reference"]
    assert invoke([*command, "--results", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "incoming.csv: no row in it beside the header" in line
