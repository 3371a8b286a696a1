"""Secrets are found where they are about to become immutable; ordinary settings are none."""

import random
import string
from pathlib import Path

import pytest

from ft_registry.model.config_diff import HIDDEN
from ft_registry.model.manifest import entry_of
from ft_registry.readers.secrets import in_command, in_files, in_patch, in_text, in_values
from ft_registry.readers.trainers.values import clean

LETTERS, ALL = string.ascii_letters, string.ascii_letters + string.digits


def made(alphabet: str, count: int) -> str:
    """Returns random characters, the same each time: no token of this file is anybody's."""
    return "".join(random.Random(count).choices(alphabet, k=count))


TOKENS = {
    "aws": "AKIA" + made("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
    "huggingface": "hf_" + made(LETTERS, 34),
    "openai": "sk-" + made(ALL, 48),
    "openai project": "sk-proj-" + made(ALL, 40) + "T3BlbkFJ" + made(ALL, 40),
    "github": "ghp_" + made(ALL, 36),
    "github fine": "github_pat_" + made(ALL, 22) + "_" + made(ALL, 59),
    "slack": "xoxb-123456789012-" + made(ALL, 24),
    "google": "AIza" + made(ALL, 35),
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + made(ALL, 43),
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\n" + made(ALL, 64) + "\n-----END",
    "url": "https://user:" + made(ALL, 12) + "@host/x",
}
ORDINARY = [
    {"pad_token": "<|endoftext|>", "eos_token": "</s>", "unk_token": "[UNK]"},
    {"bos_token": "<|reserved_special_token_250|>", "max_tokens": 512, "token": None},
    {"hub_token": "${HF_TOKEN}", "api_key": "$OPENAI_API_KEY", "secret": "{{ vault.key1234 }}"},
    {"hub_token": "os.environ['HF_TOKEN2']", "password": "env:DB_PASSWORD1"},
    {"secret_data": "acme/set-1-with-names", "tokenizer": "Qwen/Qwen2.5-7B-Instruct"},
    {"hub_token": "***", "api_key": "<your key 1234>", "api_key_name": "main key"},
    {"commit": "0123456789abcdef0123456789abcdef01234567", "sk-learn": "sk-learn-pipeline-long-x"},
    {"url": "https://host/path@v1", "remote": "ssh://git@github.com/acme/x"},
    {"secret_key_names": ["customer_id2", "acct_no1"], "api_key_env": "OPENAI_API_KEY_2"},
    {"pad_token": "reserved_special_token_0", "stop_token": "END_OF_TURN_1"},
    {"secret_arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/hf-AbCdEf"},
    {"hf_secret": "projects/123456/secrets/hf-token/versions/1", "secret": "prod-hf-token-2"},
    {"credentials": "service-account-1.json", "secret_hash": "sha256:" + "a1" * 32},
    {"passwords_dataset": "rockyou2021.txt", "password_policy": "min8chars"},
    {"example": "postgresql://user:password@localhost/db, https://user:token@host/x"},
    {"hf_home": "hf_cache_of_the_whole_long_team_folder", "text": "the password is secret"},
]


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_what_issuers_write_is_found_and_never_shown(token: str) -> None:
    nested = {"train": {"a": [1, {"key": f"x {token} y"}]}}
    for found in (
        list(in_values("params.yaml", nested)),
        list(in_text("the note", f"one\n{token}\n")),
        list(in_command("the command", f"train --x {token}")),
    ):
        assert len(found) == 1
        assert token not in found[0]
    (place,) = in_values("params.yaml", nested)
    assert place.startswith("params.yaml: train.a[1].key (")


def test_a_key_says_that_a_random_value_is_one() -> None:
    random_value = made(ALL, 24)
    for key in ("api_key", "WANDB_API_KEY", "token", "hf_token", "aws_secret_access_key", "db-pwd"):
        assert list(in_values("c.json", {key: random_value})) == [
            f"c.json: {key} (a password or secret)"
        ]
    for key, value in (("db_password", "Winter2024!"), ("password", "correct-horse-1")):
        assert list(in_values("c.json", {key: value})) == [f"c.json: {key} (a password or secret)"]
    assert not list(in_values("c.json", {"run_id": random_value}))
    assert not list(in_values("c.json", {"token": random_value}, by_key=False))


@pytest.mark.parametrize("values", ORDINARY, ids=str)
def test_ordinary_settings_are_no_secrets(values: dict[str, object]) -> None:
    assert not list(in_values("params.yaml", values))


def test_a_secret_that_is_a_key_is_not_shown() -> None:
    token = TOKENS["github"]
    found = list(in_values("c.json", {token: {"x": token}}))
    assert len(found) == 2
    assert not any(token in place for place in found)


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        (f"train --hub-token {made(ALL, 20)}", True),
        (f"train --api_key={made(ALL, 20)} --lr 1", True),
        (f"WANDB_API_KEY={made(ALL, 40)} python train.py", True),
        ("train --hub_token $HF_TOKEN", False),
        ("HF_TOKEN=${TOKEN9} train --tokenizer Qwen2Tokenizer --max-tokens 4096", False),
        ("train --password summer-2024", True),
        ("train --eos_token reserved_token_7 --image-token=image_pad_01", False),
        ("train --eos-token <|im_end|> --secret-path conf/a1b2c3", False),
    ],
)
def test_options_of_a_command(command: str, is_one: bool) -> None:
    assert bool(list(in_command("it", command))) == is_one


def test_a_patch_is_looked_at_by_what_it_adds() -> None:
    token = TOKENS["github"]
    patch = f"--- a/x.py\n+++ b/x.py\n-old {token}\n+++ b/y.env\n+KEY={token}\n context\n"
    assert list(in_patch("uncommitted changes", patch.encode())) == [
        "uncommitted changes: y.env (a GitHub token)"
    ]


def test_small_texts_among_files_are_looked_at(tmp_path: Path) -> None:
    content = f"# card\n{TOKENS['aws']}\n".encode()
    names = ("README.md", "tokenizer.json", "vocab.txt", "w.safetensors")
    for name in names:
        binary = b"\0" if name.startswith("w.") else b""
        (tmp_path / name).write_bytes(binary + content)
    found = list(in_files(tmp_path, [entry_of(name, content) for name in names]))
    assert found == ["README.md, line 2 (an AWS access key)"]


@pytest.mark.parametrize("name", ["aws", "huggingface", "github fine", "slack", "google"])
def test_what_a_trainer_left_is_masked(name: str) -> None:
    assert clean(f"x {TOKENS[name]}") == f"x {HIDDEN}"


@pytest.mark.parametrize("name", [".env", ".netrc", "train.log", "a.ipynb", "notes", "run.py"])
def test_texts_are_told_by_what_they_hold(tmp_path: Path, name: str) -> None:
    content = f"HF_TOKEN={TOKENS['huggingface']}\n".encode()
    (tmp_path / name).write_bytes(content)
    (place,) = in_files(tmp_path, [entry_of(name, content)])
    assert place == f"{name}, line 1 (a Hugging Face token)"


def test_settings_of_a_tokenizer_are_no_vocabulary(tmp_path: Path) -> None:
    content = f'{{"token": "{TOKENS["huggingface"]}"}}'.encode()
    (tmp_path / "tokenizer_config.json").write_bytes(content)
    assert list(in_files(tmp_path, [entry_of("tokenizer_config.json", content)]))
