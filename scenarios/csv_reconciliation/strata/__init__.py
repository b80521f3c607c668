"""The kinds of rows, and what is right for each: the ground truth of the scenario.

Every builder invents the focal rows of one case and writes down what has to become of them. It
knows because it invented the people; nothing here asks the job, the matching or the tools.
"""

from scenarios.csv_reconciliation.strata import (
    attacked,
    changed,
    contact,
    invalid,
    ordinary,
    people_alike,
    remarked,
    repeated,
    spelling,
    unclear,
)

KINDS = {
    kind.stratum.name: kind
    for module in (
        ordinary,
        spelling,
        contact,
        people_alike,
        repeated,
        unclear,
        invalid,
        remarked,
        changed,
        attacked,
    )
    for kind in module.KINDS
}
"""By name, the ordinary ones first."""
STRATA = tuple(kind.stratum for kind in KINDS.values())
ORDINARY = tuple(stratum.name for stratum in STRATA if stratum.ordinary)
