"""Dataclasses whose field docstrings become the descriptions of ``summary.json``'s schema."""

from pydantic import ConfigDict


class Documented:
    """A base for dataclasses that are written to ``summary.json``."""

    __slots__ = ()
    __pydantic_config__ = ConfigDict(use_attribute_docstrings=True)
