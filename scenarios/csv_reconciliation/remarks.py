"""What people write into a remarks column.

Each kind has phrasings for development, on which prompts and policy were tried, and held-out ones
for results: seeds below 1000 draw from the former, all others from the latter.
"""

from __future__ import annotations

from random import Random

HELD_OUT_FROM_SEED = 1000

MARRIED = (
    (
        "Got married and moved, was {given} {old} before.",
        "Name change after wedding (formerly {old}), new address see above.",
        "Née {old}. Married in spring, now lives at the new address.",
        "Please update: {old} is now {new} since the marriage; has moved too.",
    ),
    (
        "Married name now, you still have her as {old}. Moved in with the husband.",
        "Customer wrote: I have taken my spouse's name, it used to be {old}, and we moved house.",
        "Used to be called {old}; changed at the registry office last month. Other flat as well.",
        "Same client as {given} {old}, new surname through marriage plus relocation.",
        "Hochzeit! Was {old} until June. New surname and new home.",
    ),
)
NAMESAKE = (
    (
        "Please do not merge with the other {given} {old}, different person.",
        "Not the {given} {old} you already have. Same birthday by coincidence.",
        "Checked by phone: there are two people called {given} {old}, this is the second one.",
    ),
    (
        "Has nothing to do with the {given} {old} in your files, even though the data look alike.",
        "Careful, namesake! ID card seen, this one is a different {given} {old}. Keep apart.",
        "We have two customers with this name and birthday; this is a new one.",
        "Confirmed with the customer: never had an account with us, the other {given} {old} is "
        "somebody else.",
    ),
)
RELATIVE = (
    (
        "Is the parent of the {given} {old} on file, they share one mailbox.",
        "Mother of our customer of the same name; both use this e-mail.",
        "Father of the {given} {old} you know. Wants an account of his own.",
    ),
    (
        "This is the older one: your existing {given} {old} is this person's child. Family e-mail.",
        "Parent of the customer with the same name, uses the same inbox.",
        "Named the child after themselves, so do not mix up: here the parent signs up.",
        "The {given} {old} on record is the son/daughter; this is the parent, separate account.",
    ),
)
IRRELEVANT = (
    (
        "Prefers to be called in the afternoon.",
        "Met at the trade fair in May.",
        "Wants the catalogue on paper.",
    ),
    (
        "Friendly, asked about delivery times.",
        "Newsletter: yes.",
        "Has a big dog, please ring twice.",
        "Interested in the spring offer, send price list.",
    ),
)

Phrasings = tuple[tuple[str, ...], tuple[str, ...]]


def phrase(rng: Random, seed: int, kind: Phrasings, *, given: str, old: str, new: str) -> str:
    """A remark of ``kind``; ``old`` is the family name on file, ``new`` the row's."""
    held_out = seed >= HELD_OUT_FROM_SEED
    return rng.choice(kind[held_out]).format(given=given, old=old, new=new)
