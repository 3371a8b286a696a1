"""Outputs of evaluators, small and in the shape of the real ones."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FIXTURES = Path(__file__).parent / "fixtures"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Real outputs that are no part of the repository."""
DATE = "2026-11-23T20-18-24.716756"

Edit = Callable[[dict[str, Any]], None]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def lm_eval_samples(
    scores: Mapping[str, Sequence[Any]], *, filters: Sequence[str] = ("none",), task: str = "sums"
) -> list[dict[str, Any]]:
    """Samples of one task: filter by filter, as lm-eval writes them."""
    count = len(next(iter(scores.values())))
    return [
        {
            "doc_id": number,
            "doc": {"question": f"{task} {number}?"},
            "target": str(number),
            "arguments": {"gen_args_0": {"arg_0": f"Q: {task} {number}?", "arg_1": {"until": []}}},
            "resps": [["long"]],
            "filtered_resps": [f"answer {number}"],
            "filter": name,
            "metrics": list(scores),
            "doc_hash": sha(f"{task} {number}"),
            "prompt_hash": sha(f"Q {task} {number}"),
            "target_hash": sha(str(number)),
            **{metric: values[number] for metric, values in scores.items()},
        }
        for name in filters
        for number in range(count)
    ]


def lm_eval_results(tasks: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """The results that lm-eval would compute from samples."""
    results: dict[str, Any] = {}
    hashes, counts = {}, {}
    for task, samples in tasks.items():
        docs = {sample["doc_id"] for sample in samples}
        results[task] = {"name": task, "alias": task, "sample_len": len(docs)}
        for name in dict.fromkeys(sample["filter"] for sample in samples):
            for metric in samples[0]["metrics"]:
                values = [sample[metric] for sample in samples if sample["filter"] == name]
                results[task][f"{metric},{name}"] = sum(values) / len(values)
                results[task][f"{metric}_stderr,{name}"] = "N/A"
        hashes[task] = sha(
            "".join(s["doc_hash"] + s["prompt_hash"] + s["target_hash"] for s in samples)
        )
        counts[task] = {"original": len(docs), "effective": len(docs)}
    return {
        "results": results,
        "group_subtasks": {},
        "configs": {
            task: {
                "task": task,
                "fewshot_config": {"sampler": "<function f at 0x7f00aa>"},
                "metric_list": [
                    {"metric": metric, "aggregation": "mean"} for metric in samples[0]["metrics"]
                ],
            }
            for task, samples in tasks.items()
        },
        "versions": dict.fromkeys(tasks, 1.0),
        "n-shot": dict.fromkeys(tasks, 5),
        "higher_is_better": {
            task: dict.fromkeys(samples[0]["metrics"], True) for task, samples in tasks.items()
        },
        "n-samples": counts,
        "config": {
            "model": "hf",
            "model_args": "pretrained=org/base,peft=out/adapter,dtype=bfloat16",
            "model_sha": "a" * 40,
            "limit": None,
            "gen_kwargs": {"temperature": 0.0},
            "random_seed": 1,
            "fewshot_seed": 1234,
        },
        "date": 1795465092.5,
        "lm_eval_version": "0.4.13",
        "task_hashes": hashes,
        "model_source": "hf",
        "model_name": "org/base",
        "chat_template_sha": "c" * 64,
        "total_evaluation_time_seconds": "35.5",
    }


def write_lm_eval(
    folder: Path,
    tasks: Mapping[str, Sequence[dict[str, Any]]],
    *,
    edit: Edit = lambda results: None,
    results: bool = True,
    samples: bool = True,
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if results:
        found = lm_eval_results(tasks)
        edit(found)
        (folder / f"results_{DATE}.json").write_text(json.dumps(found, indent=2))
    for task, lines in tasks.items() if samples else ():
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        (folder / f"samples_{task}_{DATE}.jsonl").write_text(text)
    return folder


def promptfoo(rows: Sequence[tuple[bool, float]], *, edit: Edit = lambda d: None) -> dict[str, Any]:
    document = {
        "evalId": "eval-lh6-2025-06-18T23:09:12",
        "results": {
            "version": 3,
            "timestamp": "2025-06-18T23:09:12.286Z",
            "prompts": [{"raw": "Say {{x}}", "label": "Say {{x}}", "provider": "openai:gpt-4.1"}],
            "results": [
                {
                    "id": f"row-{number}",
                    "promptIdx": 0,
                    "testIdx": number,
                    "testCase": {
                        "vars": {"x": number},
                        "assert": [{"type": "equals", "value": f"it is {number}"}],
                    },
                    "promptId": "p",
                    "provider": {"id": "openai:gpt-4.1", "label": ""},
                    "prompt": {"raw": f"Say {number}", "label": "Say {{x}}"},
                    "vars": {"x": number},
                    "response": {"output": f"it is {number}", "cached": False},
                    "failureReason": 0 if success else 1,
                    "success": success,
                    "score": score,
                    "latencyMs": 39,
                    "namedScores": {"tone": 0.5},
                    "cost": 0.001,
                    "tokenUsage": {"total": 9, "prompt": 5, "completion": 4},
                }
                for number, (success, score) in enumerate(rows)
            ],
            "stats": {
                "successes": sum(success for success, _ in rows),
                "failures": sum(not success for success, _ in rows),
                "errors": 0,
            },
        },
        "config": {"description": "tone of voice", "providers": ["openai:gpt-4.1"]},
        "shareableUrl": None,
        "metadata": {"promptfooVersion": "0.120.4"},
    }
    edit(document)
    return document


def deepeval(scores: Sequence[float], *, edit: Edit = lambda d: None) -> dict[str, Any]:
    document = {
        "testFile": "test_bot.py",
        "testCases": [
            {
                "name": f"test_case_{number}",
                "input": f"question {number}",
                "actualOutput": "came",
                "expectedOutput": "right",
                "success": score >= 0.5,
                "metricsData": [
                    {
                        "name": "Correctness [GEval]",
                        "threshold": 0.5,
                        "success": score >= 0.5,
                        "score": score,
                        "reason": "because",
                        "evaluationModel": "gpt-4.1",
                        "evaluationCost": 0.002,
                    }
                ],
                "runDuration": 1.5,
                "order": number,
            }
            for number, score in enumerate(scores)
        ],
        "conversationalTestCases": [],
        "metricsScores": [
            {
                "metric": "Correctness [GEval]",
                "scores": list(scores),
                "passes": sum(score >= 0.5 for score in scores),
                "fails": sum(score < 0.5 for score in scores),
                "errors": 0,
            }
        ],
        "hyperparameters": {"model": "bot-7b", "temperature": 0.2},
        "testPassed": 1,
        "testFailed": 1,
        "runDuration": 3.0,
        "evaluationCost": 0.004,
        "datasetAlias": "faq",
        "datasetVersion": "3",
    }
    edit(document)
    return document


def openai_evals(correct: Sequence[bool]) -> list[dict[str, Any]]:
    run = "230417220821DPM75QNS"
    lines: list[dict[str, Any]] = [
        {
            "spec": {
                "completion_fns": ["gpt-4"],
                "eval_name": "test-match.s1.simple-v0",
                "base_eval": "test-match",
                "split": "s1",
                "run_config": {"seed": 20220722, "max_samples": None},
                "created_by": "",
                "run_id": run,
                "created_at": "2023-04-17 22:08:21.904498",
            }
        }
    ]
    for number, right in enumerate(correct):
        about = {"run_id": run, "sample_id": f"test-match.s1.{number}", "created_by": ""}
        lines += [
            {
                **about,
                "event_id": 2 * number,
                "type": "sampling",
                "data": {"prompt": f"Complete {number}", "sampled": ["George"]},
            },
            {
                **about,
                "event_id": 2 * number + 1,
                "type": "match",
                "data": {"correct": right, "expected": "George", "picked": None, "options": []},
            },
        ]
    report = {"accuracy": sum(correct) / len(correct), "boostrap_std": 0.1}
    return [*lines, {"final_report": report, "run_id": run}]


def write_lines(path: Path, lines: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def write_lighteval(
    folder: Path,
    scores: Sequence[float],
    *,
    edit: Edit = lambda results: None,
    task: str = "gsm8k|5",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    mean = sum(scores) / len(scores)
    results = {
        "config_general": {
            "lighteval_sha": "abc123",
            "num_fewshot_seeds": 1,
            "max_samples": None,
            "model_name": "org/model",
            "model_config": {"model_name": "org/model", "revision": "main", "dtype": "bfloat16"},
            "total_evaluation_time_secondes": "12.5",
        },
        "results": {
            task: {"extractive_match": mean, "extractive_match_stderr": 0.1},
            "all": {"extractive_match": mean, "extractive_match_stderr": 0.1},
        },
        "versions": {task: 0},
        "config_tasks": {
            task: {"original_num_docs": len(scores), "effective_num_docs": len(scores)}
        },
        "summary_tasks": {task: {"hashes": {"hash_examples": "8517d5bf7e880086"}}},
        "summary_general": {},
    }
    edit(results)
    (folder / "results_2025-11-01T10-00-00.000000.json").write_text(json.dumps(results, indent=2))
    rows = [
        {
            "doc": {
                "query": f"question {number}",
                "choices": [" 18"],
                "gold_index": [0],
                "task_name": task,
            },
            "metric": {"extractive_match": score},
            "model_response": {"input": f"prompt {number}", "text": ["18"]},
        }
        for number, score in enumerate(scores)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / f"details_{task}_2025-11-01.parquet")
    return folder
