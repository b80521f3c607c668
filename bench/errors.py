"""The errors that a user of the project can meet. Every message names the mend."""


class BenchError(Exception):
    """Something the user can mend: a bad option, a broken file, a missing part.

    The command line prints its one line and exits with code 2.
    """


class JournalError(BenchError):
    """A run folder that cannot be read as it should be."""


class ModelFileError(BenchError):
    """A local model's file is missing, wrong, or cannot be fetched."""


class PriceUnknownError(BenchError):
    """A model whose price is on no table, where money is at stake."""


class ToolError(Exception):
    """A tool refuses or fails. The text goes back to whoever called the tool, and must be
    something that a model can act on.

    ``guarded`` marks a refusal by a server-side guard: a wrong act that was stopped before it
    reached the database. Those are counted apart from ordinary errors, by ``guard``: the kind of
    act that was refused, in a word or two joined by underscores.
    """

    def __init__(self, message: str, *, guarded: bool = False, guard: str = "") -> None:
        super().__init__(message)
        self.guarded = guarded or bool(guard)
        self.guard = guard or ("refused" if guarded else "")


class ProviderError(Exception):
    """The provider or the harness failed, not the model: counted as ``infrastructure``."""

    def __init__(self, message: str, *, waiting_s: float = 0.0, retries: int = 0) -> None:
        super().__init__(message)
        self.waiting_s = waiting_s
        self.retries = retries


class BudgetError(Exception):
    """A run's dollars are used up: nothing more may be sent. What is undone is listed as such."""
