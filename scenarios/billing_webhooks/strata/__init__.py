"""The kinds of history: what arrives, and what is right."""

from scenarios.billing_webhooks.strata import awkward, noted, ordinary

KINDS = {kind.stratum.name: kind for kind in (*ordinary.KINDS, *awkward.KINDS, *noted.KINDS)}
"""By name, the ordinary ones first."""
