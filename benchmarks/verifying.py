"""How near is `verify --full` to the speed at which the processor hashes, and to its peer?"""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import Lab
from measure import Contender, Plan, Question, Result, Target

from ft_registry.workspace import Workspace

MODEL = "large"
_FILES = 8
_CHUNK = 1 << 18
_OURS, _THREADS, _PEER = "ft-registry verify --full", "hashlib, two threads", "model_signing verify"
_KEYS = """
import sys
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, PublicFormat
)

key = ec.generate_private_key(ec.SECP256R1())
private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
open("private.pem", "wb").write(private)
open("public.pem", "wb").write(public)
"""

_MOVE = """
import sys
from mlflow import MlflowClient

client = MlflowClient("sqlite:///mlflow.db")
client.set_registered_model_alias("served", "peer", sys.argv[1])
"""


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields what reading every byte costs, in this process and as a command, and what a look."""
    place = lab.registry("verified")
    (place.folder / ".gitignore").write_text("/weights*/\n/mlflow.db*\n/mlartifacts/\n/*.pem\n")
    place.commit("what git leaves alone")
    megabytes = _FILES * (2 if plan.small else 256)
    for folder in ("weights-before", "weights"):
        _write_weights(place.folder / folder, megabytes if folder == "weights" else _FILES)
        place.run("ft-registry", "register", MODEL, folder, "--method", "sft")
    for number in (1, 2):
        place.run("ft-registry", "promote", f"{MODEL}/{number}", "--to", "champion")
    yield _in_this_process(place, megabytes).answer(plan.rounds)
    yield _as_commands(place, megabytes).answer(plan.rounds)
    yield _at_a_glance(place).answer(plan.rounds)
    yield _rolling_back(place, 8 if plan.small else 200).answer(plan.rounds)


def _in_this_process(place: Lab, megabytes: int) -> Question:
    workspace = Workspace.open(place.folder, environ=place.environ)
    files = _files(place)

    def verify() -> None:
        found = workspace.verify(f"{MODEL}/2", depth="full")
        if not found.ok:
            raise RuntimeError(f"expected nothing, found {found.damage}")

    def hash_all() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(_hash, files))

    return Question(
        f"Reading {_FILES} files of {megabytes} MiB together, in one process",
        [Contender("verify, every byte", verify), Contender(_THREADS, hash_all)],
        unit=_THREADS,
        targets=[Target("verify, every byte", 1 / 0.85, to=_THREADS)],
        notes=["hashlib reads the same files in chunks of 256 KiB, and compares nothing"],
    )


def _as_commands(place: Lab, megabytes: int) -> Question:
    folder = _files(place)[0].parent
    place.python(_KEYS)
    signature = place.folder / "weights.sig"
    place.run(
        "model_signing", "sign", "key", folder, "--private_key", "private.pem",
        "--signature", signature,
    )  # fmt: skip
    return Question(
        f"The same {megabytes} MiB, as commands",
        [
            Contender(_OURS, lambda: place.run("ft-registry", "verify", f"{MODEL}/2", "--full")),
            Contender(
                _PEER,
                lambda: place.run(
                    "model_signing", "verify", "key", folder, "--public_key", "public.pem",
                    "--signature", signature,
                ),
            ),
        ],
        unit=_PEER,
        targets=[Target(_OURS, 1.0, to=_PEER)],
        notes=["Both hash with SHA-256; the peer holds the digests in a signed file beside them"],
    )  # fmt: skip


def _at_a_glance(place: Lab) -> Question:
    fast, plan, listing = "ft-registry verify --fast", "ft-registry rollback --dry-run", "list"
    return Question(
        "Before a rollback: what is there, and where it would go",
        [
            Contender(fast, lambda: place.run("ft-registry", "verify", "--fast")),
            Contender(
                plan,
                lambda: place.run(
                    "ft-registry", "rollback", f"{MODEL}@champion", "--reason", "r", "--dry-run"
                ),
            ),
            Contender(listing, lambda: place.run("ft-registry", "list")),
        ],
        unit=listing,
        targets=[Target(fast, 1.0), Target(plan, 1.0)],
    )


def _rolling_back(place: Lab, megabytes: int) -> Question:
    for number in (1, 2):
        _write_weights(place.folder / f"weights-{number}", megabytes)
        place.run("ft-registry", "register", "served", f"weights-{number}", "--method", "sft")

    def serve_the_second() -> None:
        for number in (1, 2):
            place.run("ft-registry", "promote", f"served/{number}", "--to", "champion")
        # MLflow knows this alias alone: the script moves it and asks nobody.
        place.python(_MOVE, "2")

    command = ("ft-registry", "rollback", "served@champion", "--reason", "r", "--keep-good")
    ours, peer = "ft-registry rollback", "a script with MlflowClient"
    return Question(
        f"Rolling back to {megabytes} MiB of weights",
        [
            Contender(ours, lambda: place.run(*command), prepare=serve_the_second),
            Contender(peer, lambda: place.python(_MOVE, "1")),
        ],
        unit=peer,
        targets=[Target(ours, 5.0)],
        notes=["Ours reads every byte first and keeps who and why; the script sets the alias"],
    )


def _files(place: Lab) -> list[Path]:
    """Returns the large files as MLflow keeps them."""
    return sorted(
        file
        for file in (place.folder / "mlartifacts").rglob("model-*.safetensors")
        if file.stat().st_size > 1 << 20
    )


def _write_weights(folder: Path, megabytes: int) -> None:
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "tiny"}')
    for number in range(1, _FILES + 1):
        file = folder / f"model-{number:05}-of-{_FILES:05}.safetensors"
        size = (megabytes << 20) // _FILES
        values = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
        header = json.dumps({f"part-{number}": values}).encode()
        file.write_bytes(len(header).to_bytes(8, "little") + header + os.urandom(size))
    os.sync()


def _hash(file: Path) -> str:
    hasher = hashlib.sha256()
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    with file.open("rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            hasher.update(view[:count])
    return hasher.hexdigest()
