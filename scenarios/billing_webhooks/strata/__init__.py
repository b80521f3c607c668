"""The kinds of history: what arrives, and what is right."""

from scenarios.billing_webhooks.strata import (
    arriving,
    attacked,
    awkward,
    changed,
    noted,
    ordinary,
    pricing,
    standing,
)

KINDS = {
    kind.stratum.name: kind
    for module in (ordinary, awkward, arriving, pricing, standing, noted, changed, attacked)
    for kind in module.KINDS
}
"""By name, the ordinary ones first."""
