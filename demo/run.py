"""The main job as a story: a bad promotion, a rollback, and the proof that what is back is it.

    python demo/run.py [--quick] [--into DIR]

Three versions of data make three versions of a model; somebody promotes the worst; on-call rolls
back, restores what serves again into a folder and trains it once more, to the same bits.

Everything is real and happens in a folder of its own: a git repository with the project's pipeline,
a DVC project, an MLflow database. The clone is left as it was. Commands are shown as a person would
type them, with what they print.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent
MODEL = "support-dates"
ALIAS = f"{MODEL}@champion"
RESTORED = {
    "code/data/examples.jsonl": "data/examples.jsonl",
    "code/data/heldout.jsonl": "data/heldout.jsonl",
    "code/build/train.jsonl": "build/train.jsonl",
    "code/params.yaml": "params.yaml",
    "code/dvc.yaml": "dvc.yaml",
    "code/pipeline": "pipeline",
    "artifact": "build/adapter",
}
"""What version 2 was made of, by its place in the restored folder: where it was that day."""
PEOPLE = {
    "ada": "Ada Tunes <ada@example.org>",
    "bob": "Bob Hurries <bob@example.org>",
    "eve": "Eve Oncall <eve@example.org>",
}


class Story:
    """Runs commands in the demo's folder and tells what happens.

    Args:
        scratch: An empty folder outside of any git repository, or ignored by the one around it.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.folder = scratch / MODEL
        self.folder.mkdir()
        self._who = PEOPLE["ada"]

    def chapter(self, title: str) -> None:
        """Prints a heading."""
        print(f"\n== {title}", flush=True)

    def acts(self, person: str) -> None:
        """Lets another person type from here on."""
        self._who = PEOPLE[person]

    def types(self, *command: str, shown: str | None = None, code: int = 0) -> None:
        """Runs a command as a person would type it; the story stops when it ends otherwise."""
        print(f"\n$ {shown or ' '.join(_quoted(word) for word in command)}", flush=True)
        done = subprocess.run(command, cwd=self.folder, env=self._environment(), check=False)
        if done.returncode != code:
            sys.exit(f"the demo stops: `{' '.join(command)}` ended with {done.returncode}")
        if code:
            print(f"(exit {code})", flush=True)

    def quietly(self, *command: str) -> str:
        """Runs a command that is not part of the story and returns what it prints."""
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment(), check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"the demo stops: `{' '.join(command)}` said\n{done.stdout}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        name, _, email = self._who.rstrip(">").partition(" <")
        # The programs beside this interpreter: ft-registry, dvc, python.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MLFLOW_", "FT_REGISTRY_", "GIT_", "DVC_"))
        }
        return kept | {
            "PATH": path,
            "FT_REGISTRY_ACTOR": self._who,
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": email,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": email,
            "DVC_NO_ANALYTICS": "1",
        }


def tell(story: Story, *, quick: bool) -> None:
    """Tells the story from an empty folder to a rollback and its proof."""
    story.chapter("A project becomes a registry")
    story.quietly("git", "init", "--quiet", "--initial-branch=main")
    _furnish(story.folder, quick=quick)
    story.types("ft-registry", "init")
    story.quietly("git", "add", "--all")
    story.quietly("git", "commit", "--quiet", "--message", "pipeline and registry")

    story.chapter("Data v1: about 120 examples of messy dates and amounts -> strict JSON")
    story.types("python", "pipeline/collect.py", "--heldout", "--out", "data/heldout.jsonl")
    story.types("ft-registry", "data", "snapshot", "data/heldout.jsonl")
    _version(story, 1)
    story.chapter("Is it worth its cost? The untuned base with two examples in its prompt")
    prompt, scores = "pipeline/few_shot.txt", "../few_shot.jsonl"
    story.types("python", "pipeline/evaluate.py", "--prompt", prompt, "--out", scores)
    story.types(
        "ft-registry", "baseline", "add", MODEL, "--label", "few-shot", "--base", "build/base",
        "--config", prompt, "--eval", scores, "--suite", "dates", "--data", "heldout",
    )  # fmt: skip
    story.types("ft-registry", "eval", "compare", f"{MODEL}:few-shot", f"{MODEL}/1", "--show", "1")
    story.chapter("What must a version show before champion may name it? A policy, on record")
    story.types("cat", "pipeline/policy.yaml")
    story.types(
        "ft-registry",
        "policy",
        "apply",
        "pipeline/policy.yaml",
        "--reason",
        "better, or not",
    )
    story.types(
        "ft-registry", "promote", f"{MODEL}/1", "--to", "champion", "--reason", "first that works"
    )

    story.chapter("Data v2: about 300 examples")
    _version(story, 2)
    _keep(story, "as-it-was")
    story.types("ft-registry", "list", MODEL)
    story.types("ft-registry", "gate", f"{MODEL}/2", "--to", "champion")
    story.types(
        "ft-registry", "promote", f"{MODEL}/2", "--to", "champion", "--expect", "1",
        "--reason", "better on the held-out set",
    )  # fmt: skip

    story.chapter("Data v3: somebody spoilt the labels")
    _version(story, 3)
    story.types("ft-registry", "data", "diff", "examples~1", "examples")
    story.types("ft-registry", "list", MODEL)

    story.chapter("Bob is refused, and promotes it anyway")
    story.acts("bob")
    promote = ("ft-registry", "promote", f"{MODEL}/3", "--to", "champion")
    story.types(*promote, "--reason", "newest data", code=3)
    story.types(*promote, "--override", "gate.better", "--reason", "newest data, should be fine")

    story.chapter("Eve is on call: what serves, since when, what was it trained on? Back to before")
    story.acts("eve")
    story.types("ft-registry", "show", ALIAS)
    story.types("ft-registry", "diff", f"{MODEL}/2", f"{MODEL}/3")
    story.types("ft-registry", "rollback", ALIAS, "--reason", "wrong dates in production")
    story.types("ft-registry", "log", ALIAS)
    story.types("ft-registry", "lineage", ALIAS)
    story.types("ft-registry", "eval", "show", MODEL)

    story.chapter(
        "Is what serves again what was registered? Every byte, then a training to compare"
    )
    story.types("ft-registry", "verify", ALIAS)
    story.types("ft-registry", "restore", ALIAS, "--into", "../restored")
    _compare(story.scratch / "as-it-was", story.scratch / "restored")
    story.types("ft-registry", "reproduce", ALIAS, "--into", "../again")
    for command in (
        ("ft-registry", "advise", MODEL),
        ("ft-registry", "status"),
        ("git", "log", "--format=%h %an: %s", "ft-registry"),
    ):
        story.types(*command)


def _compare(kept: Path, restored: Path) -> None:
    """Shows that what was restored is what was kept, byte for byte."""
    print("\nBeside a copy of that day's files, which the registry knows nothing of:\n")
    for part, name in RESTORED.items():
        ours, theirs = _digests(kept / name), _digests(restored / part)
        if ours != theirs:
            sys.exit(f"the demo stops: {restored / part} differs from {kept / name}")
        digest = hashlib.sha256(repr(ours).encode()).hexdigest() if len(ours) > 1 else ours[""]
        print(f"identical  {name:20}  {len(ours):2} files  sha256 {digest[:12]}", flush=True)


def _digests(place: Path) -> dict[str, str]:
    files = sorted(file for file in place.rglob("*") if file.is_file()) or [place]
    return {
        str(file.relative_to(place)).strip("."): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


def _keep(story: Story, name: str) -> None:
    """Puts a copy of the project's files beside it, to compare with what is restored later."""
    kept = story.scratch / name
    for part in RESTORED.values():
        source, target = story.folder / part, kept / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)


def _version(story: Story, number: int) -> None:
    data = "data/examples.jsonl"
    story.types("python", "pipeline/collect.py", "--data-version", str(number), "--out", data)
    story.types("ft-registry", "data", "snapshot", data)
    if number == 1:
        story.types("ft-registry", "data", "overlap", "examples", "heldout")
    stages = "base, prepare, train, evaluate, register"
    story.types("dvc", "repro", "--quiet", shown=f"dvc repro    # {stages}")
    # What it was trained on in the end: so that a gate can look for the held-out set in it.
    story.types("ft-registry", "data", "snapshot", "build/train.jsonl")
    story.types("ft-registry", "show", f"{MODEL}/{number}")
    story.quietly("git", "add", "--all")
    story.quietly("git", "commit", "--quiet", "--message", f"train on data v{number}")


def _furnish(folder: Path, *, quick: bool) -> None:
    """Copies the project's pipeline into the folder."""
    shutil.copytree(
        CLONE / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copyfile(CLONE / "dvc.yaml", folder / "dvc.yaml")
    shutil.copyfile(CLONE / "pipeline" / "suites.toml", folder / "ft-registry.toml")
    params = CLONE / "pipeline" / "quick.yaml" if quick else CLONE / "params.yaml"
    shutil.copyfile(params, folder / "params.yaml")
    (folder / "data").mkdir()
    (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word


def main() -> None:
    """Parses the options and tells the story."""
    parser = argparse.ArgumentParser(description="Run the main job, end to end.")
    parser.add_argument("--quick", action="store_true", help="fewer training steps")
    parser.add_argument("--into", type=Path, metavar="DIR", help="an empty folder to work in")
    options = parser.parse_args()
    if options.into is not None:
        options.into.mkdir(parents=True, exist_ok=True)
        if any(options.into.iterdir()):
            sys.exit(f"expected an empty folder, found files in {options.into}")
    scratch = options.into or Path(tempfile.mkdtemp(prefix="ft-registry-demo-"))
    started = time.monotonic()
    story = Story(scratch.resolve())
    print(f"The demo works in {story.scratch}")
    tell(story, quick=options.quick)
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    program = Path(sys.executable).parent / "ft-registry"
    print(
        f"\nThe story took {minutes} min {seconds:02} s. To browse it in MLflow, type\n\n"
        f"    {program} --root {story.folder} ui\n\n"
        f"and open http://127.0.0.1:5000/#/models/{MODEL}"
    )


if __name__ == "__main__":
    main()
