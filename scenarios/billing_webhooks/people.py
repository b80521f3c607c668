"""Names of customers and colleagues, from Faker."""

from __future__ import annotations

from functools import cache
from random import Random

from faker import Faker

POOL = 400


def person(rng: Random) -> str:
    """A first name and a family name."""
    first, last, _ = _pool()
    return f"{rng.choice(first)} {rng.choice(last)}"


def customer(rng: Random) -> dict[str, str]:
    """A customer's ``name`` and ``email``: a company, or a person."""
    first, last, companies = _pool()
    given, family = rng.choice(first), rng.choice(last)
    email = f"{given}.{family}{rng.randrange(1000)}@example.com".lower().replace(" ", "")
    name = rng.choice(companies) if rng.random() < 0.7 else f"{given} {family}"
    return {"name": name, "email": email}


@cache
def _pool() -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    # Faker is too slow for 10,000 customers; drawing from pools is not.
    faker = Faker("en_US")
    faker.seed_instance(20260105)
    return (
        tuple(faker.first_name() for _ in range(POOL)),
        tuple(faker.last_name() for _ in range(POOL)),
        tuple(faker.company() for _ in range(POOL)),
    )
