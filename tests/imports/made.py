"""Small files in the formats of others, as their documentation and code describe them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

POLICY = "# Retail agent policy\n\nAs a retail agent, you can help users."


def write(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), "utf-8")
    return path


def tau_attempt(task: int, trial: int, reward: float, order: str = "#W1") -> dict[str, Any]:
    """An ``EnvRunResult`` of τ-bench."""
    return {
        "task_id": task,
        "trial": trial,
        "reward": reward,
        "info": {"task": {"instruction": f"task {task}"}, "user_cost": 0.5},
        "traj": [
            {"role": "system", "content": POLICY},
            {"role": "user", "content": "Where is my order?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {
                            "name": "get_order_details",
                            "arguments": json.dumps({"order_id": order}),
                        },
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "name": "x", "content": "Error: no order"},
            {"role": "assistant", "content": "It is on its way."},
            {"role": "user", "content": "###STOP###"},
        ],
    }


def tau2_simulation(task: str, trial: int, reward: float | None, **changes: Any) -> dict[str, Any]:
    """A ``SimulationRun`` of τ²-bench."""
    call = {"id": "t1", "name": "get_user", "arguments": {"id": "mia"}, "requestor": "assistant"}
    return {
        "id": f"{task}-{trial}",
        "task_id": task,
        "trial": trial,
        "start_time": "2025-10-31T07:16:27.854362",
        "end_time": "2025-10-31T07:16:47",
        "duration": 20.0 + trial,
        "termination_reason": "user_stop",
        "agent_cost": 0.03,
        "user_cost": 7.0,
        "reward_info": None if reward is None else {"reward": reward, "db_check": None},
        "messages": [
            {
                "role": "assistant",
                "content": "Hi! How can I help you today?",
                "tool_calls": None,
                "turn_idx": 0,
                "cost": 0.0,
                "usage": None,
                "raw_data": None,
            },
            {
                "role": "user",
                "content": "I want a refund.",
                "tool_calls": None,
                "turn_idx": 1,
                "cost": 0.000996,
                "usage": {"completion_tokens": 22, "prompt_tokens": 410},
                "raw_data": {"finish_reason": "stop", "index": 0, "message": {"role": "assistant"}},
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [call],
                "cost": 0.02,
                "usage": {"prompt_tokens": 1000, "completion_tokens": 50},
                "raw_data": {
                    "model": "claude-sonnet-4-5-20250929",
                    "usage": {"cache_read_input_tokens": 200},
                },
            },
            {"role": "tool", "id": "t1", "content": "{}", "requestor": "assistant", "error": False},
            {
                "role": "assistant",
                "content": "Done.",
                "tool_calls": None,
                "turn_idx": 4,
                "cost": 0.01,
                "usage": {"prompt_tokens": 1100, "completion_tokens": 10},
                "raw_data": {"finish_reason": "stop", "index": 0, "provider_specific_fields": {}},
            },
        ],
    } | changes


def tau2(*simulations: dict[str, Any], llm: str = "claude-sonnet-4-5") -> dict[str, Any]:
    """``Results`` of τ²-bench."""
    return {
        "timestamp": "2025-10-31T07:16:27.854362",
        "info": {
            "git_commit": "8d005b0",
            "num_trials": 2,
            "max_steps": 200,
            "max_errors": 10,
            "user_info": {"implementation": "user_simulator", "llm": "gpt-4.1"},
            "agent_info": {
                "implementation": "llm_agent",
                "llm": llm,
                "llm_args": {"temperature": 0.0},
            },
            "environment_info": {"domain_name": "retail", "policy": POLICY},
            "seed": 300,
        },
        "tasks": [{"id": each["task_id"], "ticket": None} for each in simulations],
        "simulations": list(simulations),
    }


def inspect_sample(id: int | str, epoch: int, value: Any, **changes: Any) -> dict[str, Any]:
    """An ``EvalSample`` of inspect_ai."""
    return {
        "id": id,
        "epoch": epoch,
        "input": f"question {id}",
        "target": "Yes",
        "messages": [
            {"role": "system", "content": "Answer Yes or No."},
            {"role": "user", "content": "attachment://abc"},
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "Let me look."}],
                "tool_calls": [{"id": "c1", "function": "bash", "arguments": {"cmd": "ls"}}],
                "model": "gpt-4o-2024-08-06",
            },
            {"role": "tool", "tool_call_id": "c1", "function": "bash", "content": "a.txt"},
            {"role": "assistant", "content": "Yes", "model": "gpt-4o-2024-08-06"},
        ],
        "scores": {"match": {"value": value, "answer": "Yes"}},
        "model_usage": {
            "openai/gpt-4o": {"input_tokens": 900, "output_tokens": 100, "total_tokens": 1000}
        },
        "total_time": 5.0,
        "working_time": 4.0,
        "attachments": {"abc": "Is the sky blue?"},
    } | changes


def inspect_log(*samples: dict[str, Any], model: str = "openai/gpt-4o") -> dict[str, Any]:
    """An ``EvalLog`` of inspect_ai."""
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "task": "inspect_evals/popularity",
            "model": model,
            "created": "2025-07-05T09:59:40-04:00",
            "dataset": {"name": "popularity"},
            "model_generate_config": {"temperature": 0.5},
            "packages": {"inspect_ai": "0.3.95"},
        },
        "samples": list(samples),
    }


def archive(path: Path, log: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The log as an ``.eval`` file."""
    with zipfile.ZipFile(path, "w", method) as file:
        header = {key: value for key, value in log.items() if key != "samples"}
        file.writestr("header.json", json.dumps(header))
        file.writestr("summaries.json", "[]")
        for sample in log["samples"]:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            file.writestr(name, json.dumps(sample))
    return path
