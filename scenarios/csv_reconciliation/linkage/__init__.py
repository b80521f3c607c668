"""Linking a file of rows with a file of customers: probabilistic record linkage at scale.

The model is that of Fellegi and Sunter (1969), "A Theory for Record Linkage", with levels of
agreement, frequencies of values, and parameters that expectation maximisation estimates on the
very files that are linked. ``link`` ties the steps together: ``features`` makes texts comparable,
``blocking`` finds candidates, ``comparison`` grades how their fields agree, ``model`` turns grades
into a probability, and ``assignment`` into one decision a row.
"""

from scenarios.csv_reconciliation.linkage.engine import Link, link
from scenarios.csv_reconciliation.linkage.features import FIELDS, Column, tidied

__all__ = ["FIELDS", "Column", "Link", "link", "tidied"]
