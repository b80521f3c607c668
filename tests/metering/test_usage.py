"""Usage as providers report it, brought to one form. The objects are from their documentation."""

from __future__ import annotations

from typing import Any

import pytest

from bench.metering.usage import read_usage
from bench.types import Usage


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        pytest.param(
            {
                "prompt_tokens": 2006,
                "completion_tokens": 300,
                "total_tokens": 2306,
                "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 128},
            },
            Usage(2006, 300, cached_input=1920, reasoning=128),
            id="OpenAI Chat Completions",
        ),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": None},
            Usage(12, 3),
            id="an OpenAI-compatible server without details",
        ),
        pytest.param(
            {
                "input_tokens": 36,
                "input_tokens_details": {"cached_tokens": 8},
                "output_tokens": 87,
                "output_tokens_details": {"reasoning_tokens": 64},
            },
            Usage(36, 87, cached_input=8, reasoning=64),
            id="OpenAI Responses",
        ),
        pytest.param(
            {
                "input_tokens": 21,
                "cache_creation_input_tokens": 188,
                "cache_read_input_tokens": 1000,
                "output_tokens": 393,
            },
            Usage(1209, 393, cached_input=1000, cache_write=188),
            id="Anthropic Messages: input leaves out what the cache holds",
        ),
        pytest.param(
            {"input_tokens": 21, "output_tokens": 4, "cache_read_input_tokens": None},
            Usage(21, 4),
            id="Anthropic without a cache",
        ),
        pytest.param(
            {
                "promptTokenCount": 500,
                "cachedContentTokenCount": 400,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 30,
                "totalTokenCount": 550,
            },
            Usage(500, 50, cached_input=400, reasoning=30),
            id="Gemini: thoughts are billed as output",
        ),
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
            },
            Usage(100, 5, cached_input=64),
            id="DeepSeek",
        ),
    ],
)
def test_token_classes_are_read(raw: dict[str, Any], usage: Usage) -> None:
    assert read_usage(raw) == usage


@pytest.mark.parametrize(
    "raw", [{}, {"prompt_tokens": None, "completion_tokens": 1}, {"tokens": 9}]
)
def test_what_is_in_no_known_format_is_unknown(raw: dict[str, Any]) -> None:
    assert read_usage(raw) is None
