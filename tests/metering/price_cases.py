"""Hand-computed dollars: what a provider's usage object costs by its published prices.

Each sum is written out as tokens × US dollars a million tokens, from the providers' price pages as
of the pinned table, and not by any code of ours. Formats: OpenAI, Anthropic, Google, DeepSeek, xAI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class PriceCase:
    """``sum`` is ``tokens*price + tokens*price …``."""

    model: str
    raw: Json
    sum: str
    batch: bool = False

    @property
    def usd(self) -> Fraction:
        parts = (part.split("*") for part in self.sum.replace(" ", "").split("+"))
        return sum((int(n) * Fraction(price) for n, price in parts), Fraction(0)) / 1_000_000


def openai(prompt: int, answer: int, cached: int = 0, reasoning: int = 0) -> Json:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }


def claude(fresh: int, answer: int, read: int = 0, w5m: int = 0, w1h: int = 0) -> Json:
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": w5m + w1h,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": w5m, "ephemeral_1h_input_tokens": w1h},
        "output_tokens": answer,
        "service_tier": "standard",
    }


def gemini(prompt: int, answer: int, cached: int = 0, thoughts: int = 0) -> Json:
    total = prompt + answer + thoughts
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": total}
    if cached:
        usage["cachedContentTokenCount"] = cached
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    return usage


def deepseek(hit: int, miss: int, answer: int, reasoning: int = 0) -> Json:
    return {
        "prompt_tokens": hit + miss,
        "completion_tokens": answer,
        "total_tokens": hit + miss + answer,
        "prompt_cache_hit_tokens": hit,
        "prompt_cache_miss_tokens": miss,
        "prompt_tokens_details": {"cached_tokens": hit},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def xai(prompt: int, answer: int, cached: int = 0, reasoning: int = 0) -> Json:
    """Reasoning is billed as output and stands beside the completion, not in it."""
    usage = dict(openai(prompt, answer, cached, reasoning))
    return {**usage, "total_tokens": prompt + answer + reasoning}


GPT, OLDER, SMALL = "openai/gpt-5.5", "openai/gpt-5.4", "openai/gpt-5.4-mini"
OPUS, HAIKU, SONNET = (
    f"anthropic/claude-{name}" for name in ("opus-4-8", "haiku-5-5", "sonnet-4-5")
)
PRO, FLASH = "gemini/gemini-2.5-pro", "gemini/gemini-2.5-flash"
CHAT, REASONER = "deepseek/deepseek-chat", "deepseek/deepseek-reasoner"
GROK, GROK_NEW = "xai/grok-4.3", "xai/grok-4.5"

CASES = (
    # OpenAI: the completion holds the reasoning; above 272k prompt tokens all rates change
    PriceCase(GPT, openai(1000, 200), "1000*5 + 200*30"),
    PriceCase(GPT, openai(1, 1), "1*5 + 1*30"),
    PriceCase(GPT, openai(2006, 300, 1920), "86*5 + 1920*0.5 + 300*30"),
    PriceCase(GPT, openai(2006, 300, 1920, 128), "86*5 + 1920*0.5 + 300*30"),
    PriceCase(GPT, openai(4096, 0, 4096), "4096*0.5 + 0*30"),
    PriceCase(GPT, openai(272_000, 10), "272000*5 + 10*30"),
    PriceCase(GPT, openai(272_001, 10), "272001*10 + 10*45"),
    PriceCase(GPT, openai(300_000, 1000, 256_000), "44000*10 + 256000*1 + 1000*45"),
    PriceCase(GPT, openai(300_000, 900, 256_000, 700), "44000*10 + 256000*1 + 900*45"),
    PriceCase(OLDER, openai(1234, 567), "1234*2.5 + 567*15"),
    PriceCase(OLDER, openai(5000, 50, 4864), "136*2.5 + 4864*0.25 + 50*15"),
    PriceCase(OLDER, openai(272_001, 1), "272001*5 + 1*22.5"),
    PriceCase(OLDER, openai(400_000, 77, 399_872), "128*5 + 399872*0.5 + 77*22.5"),
    PriceCase(SMALL, openai(999, 333, 0, 300), "999*0.75 + 333*4.5"),
    PriceCase(SMALL, openai(1999, 333, 1024, 0), "975*0.75 + 1024*0.075 + 333*4.5"),
    PriceCase(SMALL, openai(300_000, 5), "300000*0.75 + 5*4.5"),
    # Anthropic: input leaves out what the cache read and wrote; a write costs by its lifetime
    PriceCase(OPUS, claude(1000, 200), "1000*5 + 200*25"),
    PriceCase(OPUS, claude(10, 9, 40), "10*5 + 40*0.5 + 9*25"),
    PriceCase(OPUS, claude(10, 9, 0, 50), "10*5 + 50*6.25 + 9*25"),
    PriceCase(OPUS, claude(10, 9, 0, 0, 50), "10*5 + 50*10 + 9*25"),
    PriceCase(OPUS, claude(7, 30, 2000, 300, 400), "7*5 + 2000*0.5 + 300*6.25 + 400*10 + 30*25"),
    PriceCase(OPUS, claude(0, 1, 188_086), "188086*0.5 + 1*25"),
    PriceCase(OPUS, claude(300_000, 10), "300000*5 + 10*25"),
    PriceCase(SONNET, claude(2095, 503), "2095*3 + 503*15"),
    PriceCase(SONNET, claude(21, 393, 0, 188), "21*3 + 188*3.75 + 393*15"),
    PriceCase(SONNET, claude(21, 393, 188, 0), "21*3 + 188*0.3 + 393*15"),
    PriceCase(SONNET, claude(21, 393, 100, 20, 68), "21*3+100*0.3+20*3.75+68*6+393*15"),
    PriceCase(SONNET, claude(200_001, 2), "200001*3 + 2*15"),
    PriceCase(HAIKU, claude(1000, 100), "1000*0.1 + 100*0.5"),
    PriceCase(HAIKU, claude(50, 100, 900, 50), "50*0.1 + 900*0.01 + 50*0.125 + 100*0.5"),
    PriceCase(HAIKU, claude(50, 100, 900, 0, 50), "50*0.1 + 900*0.01 + 50*0.2 + 100*0.5"),
    PriceCase(HAIKU, claude(100_000, 1), "100000*0.1 + 1*0.5"),
    PriceCase(HAIKU, claude(100_001, 1), "100001*0.5 + 1*2.5"),
    PriceCase(HAIKU, claude(1, 10, 100_000), "1*0.5 + 100000*0.05 + 10*2.5"),
    PriceCase(HAIKU, claude(1, 10, 60_000, 40_000), "1*0.5+60000*0.05+40000*0.625+10*2.5"),
    PriceCase(HAIKU, claude(1, 10, 60_000, 0, 40_000), "1*0.5+60000*0.05+40000*1+10*2.5"),
    # Google: thoughts stand beside the candidates and are billed like them
    PriceCase(PRO, gemini(1000, 200), "1000*1.25 + 200*10"),
    PriceCase(PRO, gemini(500, 20, 400, 30), "100*1.25 + 400*0.125 + 50*10"),
    PriceCase(PRO, gemini(200_000, 10), "200000*1.25 + 10*10"),
    PriceCase(PRO, gemini(200_001, 10), "200001*2.5 + 10*15"),
    PriceCase(PRO, gemini(250_000, 10, 240_000, 90), "10000*2.5 + 240000*0.25 + 100*15"),
    PriceCase(FLASH, gemini(1000, 200), "1000*0.3 + 200*2.5"),
    PriceCase(FLASH, gemini(1000, 1, 0, 800), "1000*0.3 + 801*2.5"),
    PriceCase(FLASH, gemini(4000, 50, 3500), "500*0.3 + 3500*0.03 + 50*2.5"),
    PriceCase(FLASH, gemini(900_000, 7), "900000*0.3 + 7*2.5"),
    # DeepSeek: cache hits and misses by name
    PriceCase(CHAT, deepseek(0, 1000, 200), "1000*0.28 + 200*0.42"),
    PriceCase(CHAT, deepseek(64, 36, 5), "64*0.028 + 36*0.28 + 5*0.42"),
    PriceCase(CHAT, deepseek(128_000, 1, 1), "128000*0.028 + 1*0.28 + 1*0.42"),
    PriceCase(REASONER, deepseek(0, 50, 900, 850), "50*0.28 + 900*0.42"),
    PriceCase(REASONER, deepseek(960, 40, 10, 0), "960*0.028 + 40*0.28 + 10*0.42"),
    # xAI: reasoning beside the completion
    PriceCase(GROK, xai(1000, 200), "1000*1.25 + 200*2.5"),
    PriceCase(GROK, xai(32, 9, 6, 94), "26*1.25 + 6*0.2 + 103*2.5"),
    PriceCase(GROK, xai(200_001, 9, 0, 94), "200001*2.5 + 103*5"),
    PriceCase(GROK, xai(300_000, 10, 299_000, 0), "1000*2.5 + 299000*0.4 + 10*5"),
    PriceCase(GROK_NEW, xai(500, 20, 100, 300), "400*2 + 100*0.3 + 320*6"),
    # Batch interfaces: half price, their context tiers and cache classes included
    PriceCase(GPT, openai(1000, 200), "1000*2.5 + 200*15", batch=True),
    PriceCase(GPT, openai(2006, 300, 1920), "86*2.5 + 1920*0.25 + 300*15", batch=True),
    PriceCase(GPT, openai(272_001, 10, 1), "272000*5 + 1*0.5 + 10*22.5", batch=True),
    PriceCase(OLDER, openai(300_000, 10), "300000*2.5 + 10*11.25", batch=True),
    PriceCase(OPUS, claude(10, 9, 40, 50), "10*2.5+40*0.25+50*3.125+9*12.5", batch=True),
    PriceCase(OPUS, claude(10, 9, 0, 0, 50), "10*2.5 + 50*5 + 9*12.5", batch=True),
    PriceCase(HAIKU, claude(100_001, 4), "100001*0.25 + 4*1.25", batch=True),
    PriceCase(HAIKU, claude(1, 4, 100_000, 9), "1*.25+100000*.025+9*.3125+4*1.25", batch=True),
    PriceCase(PRO, gemini(1000, 20, 0, 80), "1000*0.625 + 100*5", batch=True),
    PriceCase(FLASH, gemini(1000, 20, 0, 80), "1000*0.15 + 100*1.25", batch=True),
    PriceCase(GROK, xai(200_001, 9, 0, 1), "200001*2 + 10*4", batch=True),
)
