"""A provider on loopback that speaks the documented wire formats, bills what it serves, and fails
on demand."""

from tests.fault_server.faults import BILLED, INFRASTRUCTURE, MODEL, FaultPlan
from tests.fault_server.server import Bill, FaultServer, Turn, toy_turn

__all__ = [
    "BILLED",
    "INFRASTRUCTURE",
    "MODEL",
    "Bill",
    "FaultPlan",
    "FaultServer",
    "Turn",
    "toy_turn",
]
