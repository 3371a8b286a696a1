"""Where each document lies in the ledger's tree.

Folders that grow with the number of versions are cut into hundreds (or by the first two digits of a
digest), so that writing one document rewrites a few small trees, however large the registry is.
"""

FORMAT = "format.json"
FORMAT_VERSION = 1

POLICY = "policy.yaml"
TOMBSTONES = "tombstones"
LATE_INDEXES = "indexes"
EVENT = "event.json"
"""The event that made the state: each commit's tree holds its own."""


def model(name: str) -> str:
    """Returns the path of a model's document."""
    return f"models/{name}/model.json"


def versions(name: str) -> str:
    """Returns the folder of a model's records."""
    return f"models/{name}/versions"


def version(name: str, number: int) -> str:
    """Returns the path of a version's record."""
    return f"{versions(name)}/{number // 100}/{number}.json"


def identity(name: str, digest: str) -> str:
    """Returns the path of the pointer from an identity to its version."""
    hex_digest = digest.removeprefix("sha256:")
    return f"models/{name}/identities/{hex_digest[:2]}/{hex_digest}.json"


def all_evaluations(name: str) -> str:
    """Returns the folder of the evaluations of all of a model's versions."""
    return f"models/{name}/evaluations"


def evaluations(name: str, number: int) -> str:
    """Returns the folder of a version's evaluations."""
    return f"{all_evaluations(name)}/{number // 100}/{number}"


def evaluation(name: str, number: int, evaluation_id: str) -> str:
    """Returns the path of one evaluation."""
    return f"{evaluations(name, number)}/{evaluation_id}.json"


def approvals(name: str, number: int) -> str:
    """Returns the folder of who approved a version."""
    return f"models/{name}/approvals/{number // 100}/{number}"


def approval(name: str, number: int, approval_id: str) -> str:
    """Returns the path of one approval."""
    return f"{approvals(name, number)}/{approval_id}.json"


def baselines(name: str) -> str:
    """Returns the folder of what a model's versions are held against."""
    return f"models/{name}/baselines"


def baseline(name: str, label: str) -> str:
    """Returns the path of one baseline."""
    return f"{baselines(name)}/{label}.json"


def all_baseline_evaluations(name: str) -> str:
    """Returns the folder of the evaluations of all of a model's baselines."""
    return f"models/{name}/baseline-evaluations"


def baseline_evaluations(name: str, label: str) -> str:
    """Returns the folder of a baseline's evaluations."""
    return f"{all_baseline_evaluations(name)}/{label}"


def baseline_evaluation(name: str, label: str, evaluation_id: str) -> str:
    """Returns the path of one of them."""
    return f"{baseline_evaluations(name, label)}/{evaluation_id}.json"


def baseline_home(name: str, label: str) -> str:
    """Returns the path of where a baseline's file and items went after they were stored anew."""
    return f"models/{name}/baseline-homes/{label}.json"


def correction(name: str, number: int, evaluation_id: str) -> str:
    """Returns the path of the pointer from an evaluation to what corrects it."""
    return f"models/{name}/corrections/{number // 100}/{number}/{evaluation_id}.json"


def baseline_correction(name: str, label: str, evaluation_id: str) -> str:
    """Returns the path of the same of a baseline."""
    return f"models/{name}/baseline-corrections/{label}/{evaluation_id}.json"


def standing(name: str, number: int) -> str:
    """Returns the path of what is thought of a version."""
    return f"models/{name}/standings/{number // 100}/{number}.json"


def standings(name: str) -> str:
    """Returns the folder of what is thought of a model's versions."""
    return f"models/{name}/standings"


def home(name: str, number: int) -> str:
    """Returns the path of where a version's bytes went after they had to be stored anew."""
    return f"models/{name}/homes/{number // 100}/{number}.json"


def proofs(name: str, number: int) -> str:
    """Returns the folder of what was proved of a version."""
    return f"models/{name}/proofs/{number // 100}/{number}"


def proof(name: str, number: int, proof_id: str) -> str:
    """Returns the path of one proof."""
    return f"{proofs(name, number)}/{proof_id}.json"


def verdicts(name: str) -> str:
    """Returns the folder of what gates decided of a model's versions."""
    return f"models/{name}/verdicts"


def version_verdicts(name: str, number: int) -> str:
    """Returns the folder of what gates decided of a version."""
    return f"{verdicts(name)}/{number // 100}/{number}"


def verdict(name: str, number: int, verdict_id: str) -> str:
    """Returns the path of one verdict."""
    return f"{version_verdicts(name, number)}/{verdict_id}.json"


def aliases(name: str) -> str:
    """Returns the folder of a model's aliases."""
    return f"models/{name}/aliases"


def alias(name: str, alias_name: str) -> str:
    """Returns the path of one alias."""
    return f"{aliases(name)}/{alias_name}.json"


def snapshot(name: str, key: str) -> str:
    """Returns the path of a data snapshot, see `ft_registry.model.snapshot.DataContent.key`."""
    return f"data/{name}/{key[:2]}/{key}.json"


def late_index(name: str, key: str) -> str:
    """Returns the path of the index of a snapshot that was taken without one."""
    return f"{LATE_INDEXES}/{name}/{key[:2]}/{key}.json"


def tombstone(tombstone_id: str) -> str:
    """Returns the path of what must not come back."""
    return f"{TOMBSTONES}/{tombstone_id[:2]}/{tombstone_id}.json"


def environment(digest: str) -> str:
    """Returns the path of a list of packages."""
    hex_digest = digest.removeprefix("sha256:")
    return f"environments/{hex_digest[:2]}/{hex_digest}.json"
