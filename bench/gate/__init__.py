"""What did a change do? Two runs in, a verdict out; nothing is called, only journals are read."""

from bench.gate.baseline import bless, find_baseline
from bench.gate.comparable import Side, read_side
from bench.gate.compare import Wanted, compare
from bench.gate.result import Gate, Verdict
from bench.gate.settings import GateSettings, load_settings
from bench.gate.verdict import exit_code

__all__ = [
    "Gate",
    "GateSettings",
    "Side",
    "Verdict",
    "Wanted",
    "bless",
    "compare",
    "exit_code",
    "find_baseline",
    "load_settings",
    "read_side",
]
