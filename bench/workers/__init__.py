"""Several processes that share the trials of a hosted model.

The parent alone writes the journal, hands out trials and keeps the rate limits; the run's account
is a file that all processes lock. A worker runs trials and sends what happened.
"""

from bench.workers.pool import Workers

__all__ = ["Workers"]
