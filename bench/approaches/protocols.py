"""Two ways for a model to call tools: its provider's native calls, or one JSON action a reply.

The native protocol is for models that were trained on it. The action protocol constrains the
whole reply to a JSON object ``{"tool": …, <arguments>}``, which small local models need, and keeps
it short, because generating tokens is what costs there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from bench.hashing import canonical_json
from bench.types import Json, Reply, Tool, ToolCall, ToolProtocol

Message = Mapping[str, Json]


class MalformedReplyError(Exception):
    """A reply without a usable tool call. The text is meant for the model."""


class Conversation(Protocol):
    """How a tool protocol words requests and reads replies."""

    @property
    def max_tokens(self) -> int:
        """The most that a reply may hold."""

    def system(self, prompt: str, tools: Sequence[Tool]) -> str:
        """The system message."""

    def tools(self, tools: Sequence[Tool]) -> tuple[Message, ...]:
        """Tool definitions to send beside the messages."""

    def schema(self, tools: Sequence[Tool]) -> Mapping[str, Json] | None:
        """A JSON schema that the reply has to satisfy."""

    def calls(self, reply: Reply) -> list[ToolCall]:
        """The tool calls in a reply. Raises ``MalformedReplyError``."""

    def echo(self, reply: Reply) -> Message:
        """The model's own reply, as the next request repeats it."""

    def result(self, call: ToolCall, result: Json) -> Message:
        """A tool's result, as the next request reports it."""

    def complaint(self, text: str) -> Message:
        """What is told to a model whose reply could not be used."""


@cache
def parameters(tool_arguments: type[Any]) -> Mapping[str, Json]:
    """A pydantic model's JSON schema without the titles, which only cost tokens."""
    schema: dict[str, Json] = tool_arguments.model_json_schema()
    return {
        "type": "object",
        "properties": {
            name: {key: value for key, value in prop.items() if key != "title"}
            for name, prop in schema.get("properties", {}).items()
        },
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class NativeCalls:
    """The provider's own tool calls, in OpenAI's wire format, which litellm translates."""

    max_tokens: int = 2048
    """Room for a model that thinks before it calls."""

    def system(self, prompt: str, tools: Sequence[Tool]) -> str:  # noqa: ARG002
        """The scenario's prompt as it is; the tools travel beside it."""
        return prompt

    def tools(self, tools: Sequence[Tool]) -> tuple[Message, ...]:
        """OpenAI function tools."""
        return tuple(
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": parameters(tool.arguments),
                },
            }
            for tool in tools
        )

    def schema(self, tools: Sequence[Tool]) -> None:  # noqa: ARG002
        """None: the provider sees to the form of its own calls."""
        return

    def calls(self, reply: Reply) -> list[ToolCall]:
        """All calls of the reply; the arguments of each must be a JSON object."""
        if not reply.calls:
            raise MalformedReplyError(
                "Your reply held no tool call. Go on with a tool call; the last one ends the task."
            )
        return [
            ToolCall(call.name, _json_object(call.arguments or "{}", "arguments"), call.id)
            for call in reply.calls
        ]

    def echo(self, reply: Reply) -> Message:
        """An assistant message with its tool calls."""
        message: dict[str, Json] = {"role": "assistant", "content": reply.text or None}
        if reply.calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in reply.calls
            ]
        elif not reply.text:
            message["content"] = "(empty reply)"
        return message

    def result(self, call: ToolCall, result: Json) -> Message:
        """A tool message."""
        return {"role": "tool", "tool_call_id": call.id, "content": canonical_json(result)}

    def complaint(self, text: str) -> Message:
        """A user message."""
        return {"role": "user", "content": text}


@dataclass(frozen=True)
class JsonAction:
    """One JSON object a reply, constrained by schema: ``{"tool": …, <arguments>}``."""

    max_tokens: int = 256
    """An action is short; a model that rambles on inside a string is stopped early."""

    def system(self, prompt: str, tools: Sequence[Tool]) -> str:
        """The scenario's prompt, followed by the tools in a line each."""
        lines = [f"- {_signature(tool)}: {tool.description}" for tool in tools]
        return (
            f"{prompt.rstrip()}\n\n## Tools\n\n"
            'Answer with one JSON object and nothing else: {"tool": "<name>", <its arguments>}. '
            "Its result comes back in the next message.\n\n" + "\n".join(lines)
        )

    def tools(self, tools: Sequence[Tool]) -> tuple[Message, ...]:  # noqa: ARG002
        """None: they stand in the system message."""
        return ()

    def schema(self, tools: Sequence[Tool]) -> Mapping[str, Json]:
        """One alternative a tool; the tool's name comes first and decides the rest."""
        alternatives = []
        for tool in tools:
            arguments = parameters(tool.arguments)
            alternatives.append(
                {
                    **arguments,
                    "properties": {"tool": {"const": tool.name}, **arguments["properties"]},
                    "required": ["tool", *arguments["required"]],
                }
            )
        return {"oneOf": alternatives}

    def calls(self, reply: Reply) -> list[ToolCall]:
        """The one action of the reply."""
        if reply.finish_reason == "length":
            raise MalformedReplyError("Your reply was cut off. Answer with one short JSON object.")
        action = dict(_json_object(reply.text, "reply"))
        name = action.pop("tool", None)
        if not isinstance(name, str):
            raise MalformedReplyError('Your reply named no tool. Answer {"tool": "<name>", …}.')
        return [ToolCall(name, action)]

    def echo(self, reply: Reply) -> Message:
        """An assistant message with the text."""
        return {"role": "assistant", "content": reply.text}

    def result(self, call: ToolCall, result: Json) -> Message:
        """A user message: templates of small models know no role for tools."""
        return {"role": "user", "content": f"{call.name}: {canonical_json(result)}"}

    def complaint(self, text: str) -> Message:
        """A user message."""
        return {"role": "user", "content": text}


def conversation(protocol: ToolProtocol) -> Conversation:
    """The wording of a tool protocol."""
    return NativeCalls() if protocol == "native" else JsonAction()


def _signature(tool: Tool) -> str:
    arguments = ", ".join(
        f"{name}: {_type_name(prop)}"
        for name, prop in parameters(tool.arguments)["properties"].items()
    )
    return f"{tool.name}({arguments})"


def _type_name(schema: Mapping[str, Json]) -> str:
    if "enum" in schema:
        return "|".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    return str(schema.get("type", "any"))


def _json_object(text: str, what: str) -> Mapping[str, Json]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise MalformedReplyError(f"Your {what} is not valid JSON ({error}).") from None
    if not isinstance(value, dict):
        raise MalformedReplyError(f"Your {what} must be a JSON object.")
    return value
