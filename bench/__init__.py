"""Measures whether a backend task should be a plain-code job, an LLM agent, or a hybrid."""

__version__ = "0.1.0"
