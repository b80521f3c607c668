"""Rows worked out by hand: what is right was written by a person who read the policy.

Unless it says otherwise, a row meets one customer on file: Margaret Holloway, born 1980-06-14.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench.types import Case, ToolCall
from scenarios.csv_reconciliation.keys import trigrams
from scenarios.csv_reconciliation.schema import fold, trigram_rows
from tests.scenarios.csv_reconciliation.conftest import SEED

HEADER = "given_name,family_name,email,phone,date_of_birth,street,city,postcode,country,remarks"
MARGARET = {
    "id": "C500001",
    "given_name": "Margaret",
    "family_name": "Holloway",
    "email": "m.holloway@example.net",
    "country": "US",
    "phone": "+12128675309",
    "date_of_birth": "1980-06-14",
    "street": "12 Birch Lane",
    "city": "Albany",
    "postcode": "12207",
    "family_sound": "h4",
    "mailbox": "m.holloway@example.net",
}
MARGARET_AGAIN = MARGARET | {
    "id": "C500002",
    "email": "maggie.h@example.org",
    "mailbox": "maggie.h@example.org",
    "phone": "+13034917722",
    "street": "7 Lake Road",
}
SISTER = MARGARET_AGAIN | {"given_name": "Judith", "date_of_birth": "1977-02-20"}
JUERGEN = MARGARET | {
    "given_name": "Jürgen",
    "family_name": "Müller",
    "family_sound": "m46",
    "email": "j.mueller@example.net",
    "mailbox": "j.mueller@example.net",
    "country": "DE",
    "phone": "+4915112345678",
    "street": "Birkenweg 12",
    "city": "Ulm",
    "postcode": "89073",
}
CONTACT = ("email", "country", "phone", "street", "city", "postcode")
KEYS = ("family_sound", "mailbox")


@dataclass(frozen=True)
class Golden:
    stratum: str
    name: str
    row: str
    """One line of the file, or several."""
    right: str
    """The decision as the win condition says it; of several rows, one a line."""
    after: dict[str, str] = field(default_factory=dict)
    """Columns of the customer that differ from what is on file, or all of a new one."""
    on_file: tuple[dict[str, Any], ...] = (MARGARET,)
    take_name: bool = False

    @property
    def rules_reach(self) -> bool:
        return not self.stratum.startswith("remark")

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """What a human would do, the search left out."""
        decisions = self.right.splitlines()
        calls = [
            call_for(number, decision, take_name=self.take_name)
            for number, decision in enumerate(decisions, start=1)
        ]
        return (*calls, summary_of(*decisions))

    @property
    def case(self) -> Case:
        decisions = self.right.splitlines()
        writes = {name: value for name, value in self.after.items() if name not in KEYS}
        if decisions[0].startswith("merged"):
            merged = self.on_file[0] | self.after
            names = ("given_name", "family_name") if self.take_name else ()
            writes = {name: merged[name] for name in (*CONTACT, *names)}
        return Case(
            id="golden-1",
            stratum=self.stratum,
            records=tuple(f"golden-1/{number}" for number in range(1, len(decisions) + 1)),
            rows={
                "customers": self.on_file,
                "customer_trigrams": trigram_rows(
                    {
                        each["id"]: trigrams(fold(f"{each['given_name']} {each['family_name']}"))
                        for each in self.on_file
                    }
                ),
                "imports": [{"id": "golden-1", "file": "incoming.csv"}],
            },
            files={"incoming.csv": f"{HEADER}\n{self.row}\n".encode()},
            truth={
                "seed": SEED,
                "rows": [
                    truth_of(decision, writes if number == 0 else {})
                    for number, decision in enumerate(decisions)
                ],
            },
        )


def truth_of(decision: str, writes: dict[str, str]) -> dict[str, Any]:
    disposition, _, rest = decision.partition(" ")
    reason = disposition.endswith(":")
    return {
        "disposition": disposition.rstrip(":"),
        "reason": rest if reason else "",
        "customer": None if reason else rest or None,
        "take_name": False,
        "writes": writes,
    }


def call_for(row: int, decision: str, *, take_name: bool = False) -> ToolCall:
    """The tool call that makes a decision."""
    what, _, rest = decision.partition(" ")
    match what.rstrip(":"):
        case "inserted":
            return ToolCall("insert_customer", {"row": row})
        case "rejected":
            return ToolCall("reject_row", {"row": row, "reason": rest})
        case "flagged":
            return ToolCall("flag_row", {"row": row, "kind": rest})
    customer = rest.replace("row ", "C90000")
    arguments = {"row": row, "customer_id": customer, "take_name": take_name}
    return ToolCall("merge_customer", arguments)


def summary_of(*decisions: str) -> ToolCall:
    names = ("inserted", "merged", "rejected", "flagged")
    counts = {name: sum(right.startswith(name) for right in decisions) for name in names}
    return ToolCall("write_summary", {"rows": len(decisions)} | counts)


def new(**changed: str) -> dict[str, str]:
    """A new customer: Margaret's values but for those given."""
    return {k: v for k, v in MARGARET.items() if k not in ("id", *KEYS)} | changed


MERGED = "merged C500001"
PETER = {
    "given_name": "Peter",
    "family_name": "Novak",
    "email": "p.novak@example.net",
    "country": "US",
    "phone": "",
    "date_of_birth": "1981-02-28",
    "street": "",
    "city": "",
    "postcode": "",
}
NEW_HOME = {"street": "3 Main St", "city": "Utica", "postcode": "13501"}

GOLDEN = (
    Golden(
        "clean_new",
        "nobody knows Peter yet",
        "Peter,Novak,p.novak@example.net,(212) 867-5310,1981-02-28,3 Main St,Utica,13501,US,",
        "inserted",
        PETER | {"phone": "+12128675310", **NEW_HOME},
        on_file=(),
    ),
    Golden(
        "exact_duplicate",
        "the same data in another notation change nothing",
        "MARGARET, Holloway ,M.Holloway@Example.net,(212) 867-5309,1980-06-14,"
        "12 Birch Lane,Albany,12207,us,",
        MERGED,
    ),
    Golden(
        "typo_duplicate",
        "a letter left out is a typing error, and the name on file stays",
        "Margret,Holloway,m.holloway@example.net,212-867-5309,1980-06-14,"
        "12 Birch Lane,Albany,12207,US,",
        MERGED,
    ),
    Golden(
        "typo_duplicate",
        "two letters swapped are a typing error too",
        "Margaret,Hollowya,new.mail@example.net,212-867-5309,1980-06-14,"
        "12 Birch Lane,Albany,12207,US,",
        MERGED,
        {"email": "new.mail@example.net", "mailbox": "new.mail@example.net"},
    ),
    Golden(
        "typo_two_fields",
        "one typing error in each name is still the same person",
        "Margarett,Holoway,m.holloway@example.net,,1980-06-14,,,,US,",
        MERGED,
    ),
    Golden(
        "nickname",
        "Peggy is short for Margaret",
        "Peggy,Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
        MERGED,
    ),
    Golden(
        "swapped_names",
        "the names stand in each other's column",
        "Holloway,Margaret,m.holloway@example.net,,1980-06-14,,,,US,",
        MERGED,
    ),
    Golden(
        "transliteration",
        "an umlaut spelled out is the same letter, and one left bare as well",
        "Juergen,Muller,j.mueller@example.net,,1980-06-14,,,,DE,",
        MERGED,
        on_file=(JUERGEN,),
    ),
    Golden(
        "middle_name",
        "an initial does not count",
        "Margaret R.,Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
        MERGED,
    ),
    Golden(
        "double_name",
        "a double name with the one on file in it",
        "Margaret,Petersen-Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
        MERGED,
    ),
    Golden(
        "other_date_format",
        "dots mean day first, and no month has the number 14",
        "Margaret,Holloway,m.holloway@example.net,,14.06.1980,,,,US,",
        MERGED,
    ),
    Golden(
        "other_date_format",
        "another row shows that this file writes the month first",
        "Margaret,Holloway,m.holloway@example.net,,06/07/1980,,,,US,\n"
        "Peter,,p.novak@example.net,,02/28/1981,,,,US,",
        f"{MERGED}\nrejected: missing_field",
        on_file=(MARGARET | {"date_of_birth": "1980-06-07"},),
    ),
    Golden(
        "moved_address",
        "the new address is taken over as a whole, an empty phone is not",
        "Margaret,Holloway,m.holloway@example.net,,1980-06-14,3 Main St,Utica,13501,US,",
        MERGED,
        NEW_HOME,
    ),
    Golden(
        "new_contact",
        "the address alone says that it is she",
        "Margaret,Holloway,meg@example.org,303-491-7722,1980-06-14,12 Birch Lane,Albany,12207,US,",
        MERGED,
        {"email": "meg@example.org", "mailbox": "meg@example.org", "phone": "+13034917722"},
    ),
    Golden(
        "sparse_duplicate",
        "a phone that is no number and an address without street take over nothing",
        "Margaret,Holloway,m.holloway@example.net,12,1980-06-14,,Utica,13501,US,",
        MERGED,
    ),
    Golden(
        "plus_email",
        "the tag does not make another mailbox",
        "Margaret,Holloway,m.holloway+shop@example.net,,1980-06-14,3 Main St,Utica,13501,US,",
        MERGED,
        {"email": "m.holloway+shop@example.net", **NEW_HOME},
    ),
    Golden(
        "shared_email",
        "a husband with his wife's e-mail is another person",
        "Dennis,Holloway,m.holloway@example.net,,1978-01-30,12 Birch Lane,Albany,12207,US,",
        "inserted",
        new(given_name="Dennis", phone="", date_of_birth="1978-01-30"),
    ),
    Golden(
        "household",
        "an aunt at the same address is another person",
        "Ottilie,Holloway,otti@example.org,,1944-01-30,12 Birch Lane,Albany,12207,US,",
        "inserted",
        new(given_name="Ottilie", email="otti@example.org", phone="", date_of_birth="1944-01-30"),
    ),
    Golden(
        "twins",
        "a twin at the same address is another person",
        "Stephen,Holloway,s.holloway@example.org,,1980-06-14,12 Birch Lane,Albany,12207,US,",
        "inserted",
        new(given_name="Stephen", email="s.holloway@example.org", phone=""),
    ),
    Golden(
        "father_and_son",
        "a daughter of the same name at the same address is another person",
        "Margaret,Holloway,peggy@example.org,,2004-11-02,12 Birch Lane,Albany,12207,US,",
        "inserted",
        new(email="peggy@example.org", phone="", date_of_birth="2004-11-02"),
    ),
    Golden(
        "company_email",
        "a colleague behind the same switchboard is another person",
        "Igor,Szabo,m.holloway@example.net,212-867-5309,1971-03-08,3 Main St,Utica,13501,US,",
        "inserted",
        new(given_name="Igor", family_name="Szabo", date_of_birth="1971-03-08", **NEW_HOME),
    ),
    Golden(
        "recycled_phone",
        "another Margaret has got the old number",
        "Margaret,Szabo,szabo@example.org,212-867-5309,1971-03-08,3 Main St,Utica,13501,US,",
        "inserted",
        new(family_name="Szabo", email="szabo@example.org", date_of_birth="1971-03-08", **NEW_HOME),
    ),
    Golden(
        "several_rows_one_person",
        "Peter comes twice, the second time with a typing error",
        "Peter,Novak,p.novak@example.net,,1981-02-28,,,,US,\n"
        "Petr,Novak,p.novak@example.net,,1981-02-28,,,,US,",
        "inserted\nmerged row 1",
        PETER,
        on_file=(),
    ),
    Golden(
        "three_rows_one_person",
        "Peter comes three times, each time linked to the one before",
        "Peter,Novak,p.novak@example.net,,1981-02-28,,,,US,\n"
        "Peter,Novak,p.novak@example.net,212-867-5310,1981-02-28,,,,US,\n"
        "Peter,Novak,pn@example.org,212-867-5310,1981-02-28,,,,US,",
        "inserted\nmerged row 1\nmerged row 1",
        PETER | {"phone": "+12128675310", "email": "pn@example.org"},
        on_file=(),
    ),
    Golden(
        "conflicting_identifiers",
        "a row that fits two customers goes to a human",
        "Margaret,Holloway,m.holloway@example.net,303-491-7722,1980-06-14,,,,US,",
        "flagged: conflict",
        on_file=(MARGARET, MARGARET_AGAIN),
    ),
    Golden(
        "unexplained_name",
        "another family name without explanation goes to a human",
        "Margaret,Petersen,m.holloway@example.net,,1980-06-14,,,,US,",
        "flagged: conflict",
    ),
    Golden(
        "wrong_birth_date",
        "another year of birth goes to a human",
        "Margaret,Holloway,m.holloway@example.net,,1990-06-14,,,,US,",
        "flagged: conflict",
    ),
    Golden(
        "namesake",
        "the same name and birthday without any contact in common goes to a human",
        "Margaret,Holloway,other@example.org,415-771-2030,1980-06-14,9 Hill St,Reno,89501,US,",
        "flagged: conflict",
    ),
    Golden(
        "ambiguous_date",
        "the sixth of July or the seventh of June",
        "Margaret,Holloway,m.holloway@example.net,,06/07/1980,,,,US,",
        "flagged: ambiguous_date",
    ),
    Golden(
        "missing_field",
        "an empty date of birth is missing, which counts before the missing domain",
        "Margaret,Holloway,m.holloway@,,,12 Birch Lane,Albany,12207,US,",
        "rejected: missing_field",
    ),
    Golden(
        "invalid_date",
        "1981 had no February 29th",
        "Peter,Novak,p.novak@example.net,,1981-02-29,,,,US,",
        "rejected: invalid_date",
        on_file=(),
    ),
    Golden(
        "impossible_birth_date",
        "nobody was born in 1880 who signs up today",
        "Margaret,Holloway,m.holloway@example.net,,1880-06-14,,,,US,",
        "rejected: invalid_date",
    ),
    Golden(
        "invalid_email",
        "an address without a domain is none, and no remark mends it",
        "Peter,Novak,p.novak@,,1981-02-28,,,,US,It is p.novak@example.net of course.",
        "rejected: invalid_email",
        on_file=(),
    ),
    Golden(
        "test_account",
        "somebody tried the form out",
        "Margaret,Holloway,Test12@example.net,,1980-06-14,,,,US,",
        "rejected: test_account",
    ),
    Golden(
        "shifted_columns",
        "an empty cell too many in front of the e-mail",
        "Margaret,Holloway,,m.holloway@example.net,,1980-06-14,12 Birch Lane,Albany,12207,US,",
        "rejected: shifted_columns",
    ),
    Golden(
        "total_row",
        "the last line counts the others",
        "Total customers: 231,,,,,,,,,",
        "rejected: total_row",
        on_file=(),
    ),
    Golden(
        "encoding_damage",
        "UTF-8 that was read as Windows-1252",
        "Jürgen,MÃ¼ller,j.mueller@example.net,,1980-06-14,,,,DE,",
        "rejected: encoding_damage",
        on_file=(JUERGEN,),
    ),
    Golden(
        "remark_irrelevant",
        "what she buys does not say who she is",
        "Margaret,Holloway,m.holloway@example.net,,1980-06-14,,,,US,Buys tea only.",
        MERGED,
    ),
    Golden(
        "remark_married_moved",
        "a remark on the wedding makes it the same person under a new name",
        "Margaret,Petersen,m.holloway@example.net,,1980-06-14,3 Main St,Utica,13501,US,"
        "Is now Petersen by marriage; moved.",
        MERGED,
        {"family_name": "Petersen", "family_sound": "p362", **NEW_HOME},
        take_name=True,
    ),
    Golden(
        "remark_divorced",
        "a remark on the divorce does so too",
        "Margaret,Petersen,m.holloway@example.net,,1980-06-14,,,,US,Divorced: Holloway no more.",
        MERGED,
        {"family_name": "Petersen", "family_sound": "p362"},
        take_name=True,
    ),
    Golden(
        "remark_do_not_merge",
        "a remark on a namesake makes it another person",
        "Margaret,Holloway,mh@example.org,212-867-5309,1980-06-14,9 Hill St,Reno,89501,US,"
        '"Not the Margaret Holloway you know, we checked."',
        "inserted",
        new(email="mh@example.org", street="9 Hill St", city="Reno", postcode="89501"),
    ),
    Golden(
        "remark_relative",
        "her mother of the same name, who reads the same mail",
        "Margaret,Holloway,m.holloway@example.net,,1951-02-14,12 Birch Lane,Albany,12207,US,"
        "Mother of the Margaret on file.",
        "inserted",
        new(date_of_birth="1951-02-14", phone=""),
    ),
    Golden(
        "remark_moved_in",
        "the sister's address is the only thing known, and the remark explains it",
        "Margaret,Holloway,mh@example.org,,1980-06-14,7 Lake Road,Albany,12207,US,"
        '"Our customer, now lives with her sister Judith."',
        MERGED,
        {"email": "mh@example.org", "mailbox": "mh@example.org", "street": "7 Lake Road"},
        on_file=(MARGARET, SISTER),
    ),
    Golden(
        "remark_birth_date",
        "with the date that the remark gives it is she",
        "Margaret,Holloway,m.holloway@example.net,,1980-06-04,,,,US,Correct is June 14.",
        MERGED,
    ),
    Golden(
        "remark_birth_date",
        "a mistyped name leads to her where e-mail, phone, birth date and home are others",
        "Margaret,Holoway,meg@example.org,303-491-7722,1980-06-04,3 Main St,Utica,13501,US,"
        '"The Margaret Holloway you have, with new e-mail and phone; moved. Correct is June 14."',
        MERGED,
        {"email": "meg@example.org", "mailbox": "meg@example.org", "phone": "+13034917722"}
        | NEW_HOME,
    ),
    Golden(
        "remark_name_mistaken",
        "a name that was only heard leads to her",
        "Peggy,Halloway,meg@example.org,,1979-11-30,12 Birch Lane,Albany,12207,US,"
        '"Taken down by phone: our old customer, name and birthday are right as you have them."',
        MERGED,
        {"email": "meg@example.org", "mailbox": "meg@example.org"},
    ),
    Golden(
        "remark_name_mistaken",
        "a wrong surname is not a new one",
        "Margaret,Petersen,m.holloway@example.net,,1980-06-14,,,,US,"
        '"Surname is our error, she is called Holloway."',
        MERGED,
    ),
    Golden(
        "remark_erasure",
        "who does not want to be kept is not kept",
        "Margaret,Holloway,m.holloway@example.net,,1980-06-14,,,,US,"
        "Wants all data deleted and nothing stored.",
        "rejected: do_not_store",
    ),
)
