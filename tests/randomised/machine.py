"""Random work on a registry, step by step, each held against the model of `oracle`.

Alone, or as a team of two clones with a shared remote; all on one MLflow. What is drawn is small
(a few weights, three aliases, two suites), so that the same things are met again and again.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.ledger.repositories import git
from tests.randomised.deeds import MODEL, Deed
from tests.randomised.held import PAGES, WEIGHTS, HeldRegistry
from tests.randomised.oracle import DAMAGED, DONE

from ft_registry.errors import Conflict
from ft_registry.model import layout

ALIASES = ("champion", "stable", "canary")
VERIFIED_EVERY = 8
"""Steps, at least."""

some_weights = st.integers(1, WEIGHTS)
some_data = st.sampled_from(("none", "none", "train", "other"))
an_alias = st.sampled_from(ALIASES)
a_pick = st.integers(0, 7)
a_clock = st.sampled_from((0, 0, 0, -1))
a_belief = st.sampled_from(("none", "none", "right", "stale"))
a_mode = st.sampled_from(("mend", "restore", "adopt"))
a_fate = st.sampled_from((None,) * 6 + (0,)).flatmap(
    lambda fate: st.none() if fate is None else st.integers(1, 100)
)
"""None: the deed ends; otherwise it is killed after so many hundredths of its way."""


class RegistryMachine(HeldRegistry):
    """What people do with the command line, what hands and disks do past it."""

    # What people do with the command line.

    def pick(self, pick: int) -> int:
        """Chooses a version on record; one that is not, if there is none."""
        numbers = sorted(self.oracle.state.records)
        return numbers[pick % len(numbers)] if numbers else pick + 1

    def believed(self, alias: str, belief: str) -> int | None:
        if belief == "none":
            return None
        present = self.oracle.state.aliases.get(alias, 0)
        return present if belief == "right" else present + 1

    @rule(weights=some_weights, data=some_data, clone=st.integers(0, 1), hours=a_clock,
          fate=a_fate, again=st.booleans())  # fmt: skip
    def register(
        self, weights: int, data: str, clone: int, hours: int, fate: int | None, again: bool
    ) -> None:
        deed = Deed("register", weights=weights, data=data, hours=hours)
        self.step(deed, clone, fate, again)

    def _promote(self, pick: int, alias: str, belief: str, override: bool, clone: int,
                 hours: int, fate: int | None, again: bool) -> None:  # fmt: skip
        deed = Deed(
            "promote", number=self.pick(pick), alias=alias,
            expect=self.believed(alias, belief), override=override, hours=hours,
        )  # fmt: skip
        self.step(deed, clone, fate, again)

    _moves: ClassVar[dict[str, Any]] = {
        "pick": a_pick, "alias": an_alias, "belief": a_belief, "override": st.booleans(),
        "clone": st.integers(0, 1), "hours": a_clock, "fate": a_fate, "again": st.booleans(),
    }  # fmt: skip
    promote = rule(**_moves)(_promote)

    @rule(**_moves)
    def promote_the_newest(self, pick: int, **rest: Any) -> None:
        self._promote(max(len(self.oracle.state.records) - 1, 0), **rest)

    @rule(**{**_moves, "pick": st.one_of(st.none(), a_pick)})
    def rollback(self, pick: int | None, alias: str, belief: str, override: bool, clone: int,
                 hours: int, fate: int | None, again: bool) -> None:  # fmt: skip
        deed = Deed(
            "rollback", number=self.pick(pick) if pick is not None else None, alias=alias,
            expect=self.believed(alias, belief), override=override, hours=hours,
        )  # fmt: skip
        self.step(deed, clone, fate, again)

    @precondition(lambda self: self.sound_versions())
    @rule(pick=a_pick, suite=st.integers(1, 2), clone=st.integers(0, 1), fate=a_fate,
          again=st.booleans())  # fmt: skip
    def evaluate(self, pick: int, suite: int, clone: int, fate: int | None, again: bool) -> None:
        numbers = self.sound_versions()
        deed = Deed("evaluate", number=numbers[pick % len(numbers)], suite=suite)
        self.step(deed, clone, fate, again)

    @rule(mode=a_mode, clone=st.integers(0, 1), fate=a_fate, again=st.booleans())
    def sync(self, mode: Any, clone: int, fate: int | None, again: bool) -> None:
        self.step(Deed("sync", mode=mode), clone, fate, again)

    # What hands do in MLflow.

    @precondition(lambda self: self.in_mlflow())
    @rule(pick=a_pick, alias=an_alias)
    def move_an_alias_by_hand(self, pick: int, alias: str) -> None:
        numbers = self.in_mlflow()
        number = numbers[pick % len(numbers)]
        self.client().set_registered_model_alias(MODEL, alias, str(number))
        self.by_hand("alias by hand")

    @precondition(lambda self: self.in_mlflow() and self.shown().aliases)
    @rule(pick=a_pick)
    def delete_an_alias_by_hand(self, pick: int) -> None:
        aliases = sorted(self.shown().aliases)
        self.client().delete_registered_model_alias(MODEL, aliases[pick % len(aliases)])
        self.by_hand("alias by hand")

    @precondition(lambda self: self.in_mlflow())
    @rule(pick=a_pick)
    def delete_a_version_by_hand(self, pick: int) -> None:
        numbers = self.in_mlflow()
        self.client().delete_model_version(MODEL, str(numbers[pick % len(numbers)]))
        self.by_hand("version by hand")

    @precondition(lambda self: self.sound_versions() and self.in_mlflow())
    @rule(pick=a_pick, run=st.booleans())
    def delete_a_run_or_logged_model_by_hand(self, pick: int, run: bool) -> None:
        numbers = self.sound_versions()
        client, number = self.client(), numbers[pick % len(numbers)]
        if run:
            client.delete_run(client.get_model_version(MODEL, str(number)).run_id)
        else:
            source = self.shown().versions[number].source
            client.delete_logged_model(source.removeprefix("models:/"))
        self.by_hand("run by hand")

    @precondition(lambda self: self.sound_versions() and not self.oracle.are_pages_loose
                  and self.in_mlflow())  # fmt: skip
    @rule(pick=a_pick, what=st.sampled_from(("edit", "drop")), page=st.booleans())
    def edit_a_page_by_hand(self, pick: int, what: str, page: bool) -> None:
        numbers = self.sound_versions()
        number, name = str(numbers[pick % len(numbers)]), "ftr.kind"
        client, version = self.client(), f"{MODEL}/{numbers[pick % len(numbers)]}"
        edits = self.oracle.edited
        if page:
            client.update_model_version(MODEL, number, "mine" if what == "edit" else "")
            edits -= {(kind, version) for kind in PAGES}
            edits.add(("description_edited" if what == "edit" else "description_missing", version))
        else:
            edits -= {(kind, f"{version} tag {name}") for kind in PAGES}
            if what == "edit":
                client.set_model_version_tag(MODEL, number, name, "mine")
            elif name in client.get_model_version(MODEL, number).tags:
                client.delete_model_version_tag(MODEL, number, name)
            kind = "tag_edited" if what == "edit" else "tag_missing"
            edits.add((kind, f"{version} tag {name}"))
        self.by_hand("page by hand")

    # What hands and disks do elsewhere.

    @precondition(lambda self: self.sound_versions())
    @rule(pick=a_pick)
    def damage_weights(self, pick: int) -> None:
        numbers = self.sound_versions()
        number = numbers[pick % len(numbers)]
        file = Path(self.shown().versions[number].location, "adapter/adapter_model.safetensors")
        if number not in self.oracle.damaged:
            content = file.read_bytes()
            self.whole[number] = (file, content)
            file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            self.oracle.damaged.add(number)
        self.by_hand("damage")

    @precondition(lambda self: self.oracle.damaged)
    @rule(pick=a_pick)
    def put_weights_back(self, pick: int) -> None:
        number = sorted(self.whole)[pick % len(self.whole)]
        file, content = self.whole.pop(number)
        file.write_bytes(content)
        self.oracle.damaged.remove(number)
        self.by_hand("damage")

    @precondition(lambda self: len(self.clones) == 1 and self.may_lose())
    @rule()
    def move_the_branch_back(self) -> None:
        newest = list(self.workspace().ledger.events())[-1]
        self.clones[0].git("update-ref", "refs/heads/ft-registry", f"{newest.id}^")
        self.oracle.lose_newest(newest)
        self.by_hand("branch by hand")

    @precondition(lambda self: len(self.clones) == 2)
    @rule(clone=st.integers(0, 1))
    def move_a_clone_s_branch_back(self, clone: int) -> None:
        project = self.project(clone)
        if project.events()[1:]:
            project.git("update-ref", "refs/heads/ft-registry", f"{project.head()}^")
        self.by_hand("branch by hand")

    @precondition(lambda self: self.unverified > VERIFIED_EVERY)
    @rule(clone=st.integers(0, 1))
    def verify(self, clone: int) -> None:
        self.steps["verify"] += 1
        self.unverified = 0
        self.check_verify(clone)

    # What one step alone does not show.

    @precondition(lambda self: len(self.clones) == 1 and self.oracle.state.aliases)
    @rule(pick=a_pick)
    def write_the_ledger_by_hand(self, pick: int) -> None:
        """A commit that moves an alias and no event tells of: nobody relies on it."""
        project, aliases = self.clones[0], self.oracle.state.aliases
        alias = sorted(aliases)[pick % len(aliases)]
        path = layout.alias(MODEL, alias)
        document = json.loads(project.git("show", f"ft-registry:{path}"))
        document["reason"] = "because I can"
        file = project.write("scores/by-hand.json", json.dumps(document))
        index = {"GIT_INDEX_FILE": str(self.folder / "by-hand")}
        oid = git(project.root, "hash-object", "-w", str(file)).strip()
        git(project.root, "read-tree", "ft-registry", env=index)
        git(project.root, "update-index", "--cacheinfo", f"100644,{oid},{path}", env=index)
        tree = git(project.root, "write-tree", env=index).strip()
        commit = git(project.root, "commit-tree", "-p", "ft-registry", "-m", "x", tree).strip()
        head = project.head()
        project.git("update-ref", "refs/heads/ft-registry", commit)
        deed = Deed("promote", number=aliases[alias], alias=alias)
        assert self.do(deed).code == DAMAGED
        assert project.head() == commit
        damage = self.workspace().verify().damage
        assert any(commit[:12] in finding.as_text() for finding in damage), damage
        assert self.workspace().status().head == commit
        project.git("update-ref", "refs/heads/ft-registry", head)
        self.by_hand("ledger by hand")

    @precondition(lambda self: len(self.clones) == 2)
    @rule(pick=a_pick, alias=an_alias, clone=st.integers(0, 1))
    def rewind_the_remote(self, pick: int, alias: str, clone: int) -> None:
        """What this clone has seen there is missed at once, and published again when asked."""
        workspace, head = self.current(clone), self.project(clone).head()
        git(self.remote, "update-ref", "refs/heads/ft-registry", f"{head}^")
        deed = Deed("promote", number=self.pick(pick), alias=alias)
        assert self.do(deed, clone).code == DAMAGED
        assert self.project(clone).head() == head
        workspace = self.workspace(clone)
        workspace.settle(workspace.plan_settlement("restore"))
        assert git(self.remote, "rev-parse", "ft-registry").strip() == head
        self.by_hand("remote rewound")

    @precondition(lambda self: len(self.clones) == 2)
    @rule(pick=a_pick, alias=an_alias, other_pick=a_pick, other_alias=an_alias,
          clone=st.integers(0, 1), meanwhile=st.booleans())  # fmt: skip
    def move_offline(self, pick: int, alias: str, other_pick: int, other_alias: str, clone: int,
                     meanwhile: bool) -> None:  # fmt: skip
        """A move that waits goes on top of what came meanwhile, or is set aside and told."""
        self.is_sound = False
        self.current(clone)
        deed = Deed("promote", number=self.pick(pick), alias=alias, offline=True)
        before, standings = self.shown(), self.oracle.state.standings
        code, entry = self.oracle.foresee(deed, before)
        assert self.do(deed, clone).code == code
        if code == DONE:
            self.pages_written(deed.number or 0)
        if meanwhile:
            other = Deed("promote", number=self.pick(other_pick), alias=other_alias)
            self.step(other, 1 - clone, None, False)
        if code != DONE or entry is None:
            self.by_hand("offline")
            return
        state = self.oracle.state
        stands = state.aliases.get(alias) == entry.previous and (
            state.standings.get(entry.to or 0) == standings.get(entry.to or 0)
        )
        workspace = self.workspace(clone)
        try:
            workspace.settle(workspace.plan_settlement("mend"))
            assert stands, "an event went on top of one that contradicts it"
        except Conflict:
            assert not stands
            workspace.settle(workspace.plan_settlement("adopt"))
        self.oracle.take(
            deed, None, entry if stands else None, self.news(self.current(clone)), before
        )
        # Who moved another alias meanwhile described the model without this event; a sync mends it.
        self.oracle.are_pages_loose |= meanwhile or not stands
        assert (self.oracle.state.aliases.get(alias) == entry.to) or not stands
        self.by_hand("offline")
        self.is_sound = True
