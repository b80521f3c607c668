"""Models of four kinds behind one protocol: local, hosted, reference, replay."""

from __future__ import annotations

from pathlib import Path

from bench.models.reference import Ideal, ReferenceModel
from bench.types import Model, ToolProtocol


def open_model(
    name: str,
    *,
    ideal: Ideal,
    results: Path,
    base_url: str | None = None,
    protocol: ToolProtocol | None = None,
) -> Model:
    """The model of that name, ready to answer.

    ``reference`` or ``reference/MODEL`` plays the ideal calls, priced as MODEL; ``replay/RUN`` or
    ``replay/RUN#MODEL`` answers from the traces of a run below ``results``; a name of the local
    registry or ``local/PATH.gguf`` runs in llama.cpp inside this process; anything else is left
    to litellm.
    """
    from bench.models import weights

    model: Model
    if name == "reference" or name.startswith("reference/"):
        model = ReferenceModel(ideal, name, name.partition("/")[2] or None)
    elif name.startswith("replay/"):
        from bench.models.replay import ReplayModel

        run, _, recorded = name.removeprefix("replay/").partition("#")
        folder = Path(run) if Path(run).is_dir() else results / run
        model = ReplayModel(folder, recorded or None)
    elif weights.is_local(name):
        from bench.models.local import LocalModel

        model = LocalModel(name)
    else:
        from bench.models.litellm import LitellmModel

        model = LitellmModel(name, base_url=base_url)
    if protocol is not None:
        model.protocol = protocol
    return model
