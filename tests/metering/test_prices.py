"""Prices: the bundled table, the user's own, and what a call costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError, PriceUnknownError
from bench.metering.prices import Price, Rates, cost, price, price_table
from bench.types import UNKNOWN_USAGE, Usage

FLAT = Price("flat", Rates(2e-6, 8e-6, cached_input=0.2e-6, cache_write=2.5e-6, reasoning=8e-6))


def test_each_class_of_tokens_has_its_own_price() -> None:
    usage = Usage(input=1000, output=100, cached_input=600, cache_write=300, reasoning=40)
    billed, cold = cost(usage, FLAT)
    # 100 fresh × 2, 600 cached × 0.2, 300 written × 2.5, 100 out × 8, all in millionths
    assert billed == pytest.approx(1870e-6, abs=1e-15)
    assert cold == pytest.approx(2800e-6, abs=1e-15)


def test_reasoning_with_a_price_of_its_own_is_part_of_the_output() -> None:
    thinker = Price("thinker", Rates(1e-6, 2e-6, 1e-6, 1e-6, reasoning=5e-6))
    billed, cold = cost(Usage(input=0, output=10, reasoning=4), thinker)
    assert billed == cold == pytest.approx(32e-6, abs=1e-15)


def test_a_long_prompt_is_billed_at_its_tier_throughout() -> None:
    model = price("gpt-5.5")
    at, _ = cost(Usage(input=272_000, output=10), model)
    above, _ = cost(Usage(input=272_001, output=10), model)
    assert at == pytest.approx(272_000 * 5e-6 + 10 * 3e-5, abs=1e-12)
    assert above == pytest.approx(272_001 * 1e-5 + 10 * 4.5e-5, abs=1e-12)


def test_a_table_of_bands_becomes_tiers() -> None:
    bands = price("dashscope/qwen-flash")
    assert bands.base.input == 5e-8
    assert bands.rates(256_001).input == 2.5e-7


def test_what_is_not_known_costs_none_not_zero() -> None:
    assert cost(UNKNOWN_USAGE, FLAT) == (None, None)
    assert cost(Usage(input=10, output=1, cached_input=None), FLAT) == (
        None,
        pytest.approx(28e-6, abs=1e-15),
    )
    assert cost(Usage(input=10, output=1, cached_input=11), FLAT)[0] is None
    assert cost(Usage(input=10, output=1, reasoning=2), FLAT) == (None, None)


def test_a_model_may_be_named_with_its_provider() -> None:
    assert price("openai/gpt-5") == price("gpt-5")
    assert price("anthropic/claude-opus-4-8") == price("claude-opus-4-8")


def test_another_providers_price_is_not_borrowed() -> None:
    with pytest.raises(PriceUnknownError):
        price("my-own-server/gpt-5")


def test_an_unknown_model_is_an_error_that_names_near_ones() -> None:
    with pytest.raises(PriceUnknownError, match=r"gpt-55 .*gpt-5\.5.*--prices"):
        price("gpt-55")


def test_models_without_token_prices_are_unknown() -> None:
    with pytest.raises(PriceUnknownError):
        price("sample_spec")
    with pytest.raises(PriceUnknownError):
        price("whisper-1")


def test_own_prices_come_first(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('["gpt-5"]\ninput_usd_per_mtok = 7\noutput_usd_per_mtok = 9.5\n')
    table = price_table(file)
    assert price("gpt-5", table).base == Rates(7e-6, 9.5e-6, 7e-6, 7e-6, 9.5e-6, 14e-6)
    assert price("gpt-5").base.input == 1.25e-6
    assert price("gpt-5.5", table) == price("gpt-5.5")
    assert table.identity() != price_table().identity()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[m", "not valid TOML"),
        ("m = 3", r'must be a table: \["m"\]'),
        ("[m]\ninput_usd_per_mtok = 1", "output_usd_per_mtok is missing"),
        ("[m]\ninput = 1", "unknown key input"),
        ("[m]\ninput_usd_per_mtok = -1", "must be a number of dollars"),
        ("[m]\ninput_usd_per_mtok = nan", "must be a number of dollars"),
        ("[m]\ninput_usd_per_mtok = true", "must be a number of dollars"),
    ],
)
def test_a_faulty_prices_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(BenchError, match=f"prices.toml.*{said}"):
        price_table(file)


def test_a_missing_prices_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"none\.toml: cannot be read"):
        price_table(tmp_path / "none.toml")


def test_the_table_says_where_it_comes_from() -> None:
    identity = price_table().identity()
    assert identity["source"] == "litellm"
    assert len(identity["sha256"]) == 64
    assert identity["version"]
    assert identity["date"]


def test_prices_and_tokens_do_not_import_litellm() -> None:
    program = (
        "import sys\n"
        "from bench.metering import prices, tokens\n"
        "prices.price('gpt-5'); tokens.count_text('hello')\n"
        "assert 'litellm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
