"""From a run's journal to figures. Reads journals only: no model, no scenario code."""

from bench.analysis.frames import load, load_steps
from bench.analysis.summary import summarise

__all__ = ["load", "load_steps", "summarise"]
