"""Models of four kinds behind one protocol: local, hosted, reference, replay."""

from __future__ import annotations

import re
from pathlib import Path

from bench.errors import BenchError
from bench.models.reference import Ideal, ReferenceModel
from bench.types import Model, ToolProtocol


def open_model(
    name: str,
    *,
    ideal: Ideal,
    results: Path,
    base_url: str | None = None,
    protocol: ToolProtocol | None = None,
    api_key_env: str | None = None,
    stream: bool = False,
) -> Model:
    """The model of that name, ready to answer.

    ``reference`` or ``reference/MODEL`` plays the ideal calls, priced as MODEL; ``replay/RUN`` or
    ``replay/RUN#MODEL`` answers from the traces of a run below ``results``; a name of the local
    registry or ``local/PATH.gguf`` runs in llama.cpp inside this process; ``direct/NAME`` speaks to
    an OpenAI-compatible endpoint without a library between; anything else is left to litellm.
    ``api_key_env`` names the variable that holds the key for ``base_url``.
    """
    from bench.models import keys, weights

    if not name.strip():
        raise BenchError(f"--model {name!r}: give a name, such as reference, or leave it out")
    if base_url is not None and not re.match(r"https?://[^/\s]", base_url):
        raise BenchError(f"--base-url {base_url}: give an address such as http://localhost:8000/v1")
    model: Model
    if name == "reference" or name.startswith("reference/"):
        model = ReferenceModel(ideal, name, name.partition("/")[2] or None)
    elif name.startswith("replay/"):
        from bench.models.replay import ReplayModel

        run, _, recorded = name.removeprefix("replay/").partition("#")
        if not run.strip():
            raise BenchError(
                f"--model {name}: name the run to replay, as replay/RUN or replay/RUN#MODEL; "
                "'bench list' shows the runs"
            )
        folder = Path(run) if Path(run).is_dir() else results / run
        model = ReplayModel(folder, recorded or None)
    elif weights.is_local(name):
        from bench.models.local import LocalModel

        model = LocalModel(name)
    else:
        key = keys.key(api_key_env)
        if name.startswith("direct/"):
            from bench.models.direct import DirectModel

            model = DirectModel(name, base_url=base_url, api_key=key, stream=stream)
        else:
            from bench.models.litellm import LitellmModel

            model = LitellmModel(name, base_url=base_url, api_key=key, stream=stream)
    if protocol is not None:
        model.protocol = protocol
    return model
