"""Whatever the bytes, reading gives a measurement or an error that says what to do."""

import contextlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.evaluations.outputs import (
    FIXTURES,
    deepeval,
    lm_eval_results,
    lm_eval_samples,
    openai_evals,
    promptfoo,
    write_lighteval,
    write_lines,
)

from ft_registry.errors import FtRegistryError
from ft_registry.model.canonical import canonical_bytes
from ft_registry.readers.evaluations.reading import read_evaluation

SAMPLES = lm_eval_samples({"acc": [1.0, 0.0]}, filters=["none", "strict"])
PLAIN = [{"id": "a", "f1": 1.0, "slices": {"x": "y"}}, {"id": "b", "f1": 0.0, "prompt": "p"}]
MLFLOW = {"columns": ["inputs", "m/score"], "data": [["a", 1], ["b", 0]]}
DOCUMENTS: dict[str, Any] = {
    "lm-eval results": lm_eval_results({"sums": SAMPLES}),
    "inspect": json.loads((FIXTURES / "inspect_epochs.json").read_text()),
    "promptfoo": promptfoo([(True, 1.0), (False, 0.5)]),
    "deepeval": deepeval([0.5, 1.0]),
    "evaluate": {"_evaluate_version": "1", "f1": 0.5, "seed": 1, "_timestamp": "2025-01-01"},
    "mlflow table": MLFLOW,
    "mlflow metrics": {"exact/v1": 0.5, "exact/v1/p90": 1.0},
    "ragas": [{"user_input": "q", "response": "r", "recall": 1.0}],
    "plain array": PLAIN,
    "plain document": {"scores": {"f1": {"value": 0.5, "n": 2}}, "items": PLAIN},
}
LINES: dict[str, list[Any]] = {
    "lm-eval samples": SAMPLES,
    "openai": openai_evals([True, False]),
    "plain": PLAIN,
}

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=5),
    st.just("\ud800"),
    st.sampled_from(["", "nan", "1e999", "C", "a" * 300, "\0"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)

law = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def check(paths: list[Path]) -> None:
    with contextlib.suppress(FtRegistryError):
        found = read_evaluation(paths, allow_partial=True)
        # What is read can be written into a document.
        canonical_bytes([[score.metric, score.filter, score.value] for score in found.scores])
        canonical_bytes([dict(found.settings), dict(found.seeds), dict(found.data)])
        canonical_bytes([found.suite, found.claim.name, list(found.notes), found.partial])
        if found.items is not None:
            canonical_bytes(list(found.items.ids))
            assert len(set(found.items.ids)) == len(found.items)
            for column in found.items.scores.values():
                assert len(column) == len(found.items)
                assert not np.isinf(column).any()
            for texts in (*found.items.texts.values(), *found.items.slices.values()):
                assert len(texts) == len(found.items)
                canonical_bytes(list(texts))


def written(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        check([path])
        check([Path(folder)])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    return [(value, key) for key, _ in pairs] + [
        place for _, inner in pairs if isinstance(inner, dict | list) for place in places(inner)
    ]


@law
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from(
        [b"", b"{", b"[", b"PK\x03\x04", b"PAR1", b"---\n", b'{"id":', b"id,a\n"]
    ),
    name=st.sampled_from(["x.json", "x.jsonl", "x.csv", "x.eval", "x.parquet", "x.yaml", "x.md"]),
)
def test_arbitrary_bytes(content: bytes, start: bytes, name: str) -> None:
    written(start + content, name)


@pytest.mark.parametrize("kind", [*DOCUMENTS, *LINES])
@settings(parent=law, max_examples=60)
@given(data=st.data())
def test_a_value_that_is_another(kind: str, data: st.DataObject) -> None:
    source = DOCUMENTS.get(kind) or LINES[kind]
    document = json.loads(json.dumps(source))
    found = places(document)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(found))
        with contextlib.suppress(KeyError, IndexError):
            if data.draw(st.booleans()):
                container[key] = data.draw(ODD)
            else:
                del container[key]
    if kind in LINES:
        content = "".join(json.dumps(line) + "\n" for line in document)
        written(content.encode(), "samples_x.jsonl")
    else:
        written(json.dumps(document).encode(), "out.json")


def _lighteval(folder: Path) -> bytes:
    write_lighteval(folder, [1.0, 0.0])
    return next(folder.glob("*.parquet")).read_bytes()


BINARY: dict[str, Callable[[Path], bytes]] = {
    "epochs.eval": lambda _: (FIXTURES / "inspect_epochs.eval").read_bytes(),
    "error.eval": lambda _: (FIXTURES / "inspect_error.eval").read_bytes(),
    "details.parquet": _lighteval,
    "samples.jsonl": lambda folder: write_lines(folder / "s", SAMPLES).read_bytes(),
    "log.jsonl": lambda folder: write_lines(folder / "s", openai_evals([True])).read_bytes(),
    "items.csv": lambda _: b"id,f1,prompt\na,1,x\nb,0,y\n",
    "all.yaml": lambda _: b"- dataset: {id: a/b, task_id: c}\n  value: 1\n",
    "README.md": lambda _: (
        b"---\nmodel-index:\n- name: a\n  results:\n  - metrics:\n    - {type: f1, value: 1}\n---\n"
    ),
}


@pytest.mark.parametrize("name", BINARY)
@settings(parent=law, max_examples=100)
@given(data=st.data())
def test_bytes_that_were_damaged(name: str, data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(BINARY[name](tmp_path))
    for _ in range(data.draw(st.integers(0, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    written(bytes(content[:end]), name)
