"""A version of which everything is on record, every free field of it filled with one text."""

from tests.unit.formats.reports import failing
from tests.unit.values import NOON, WHY, make_dataset, make_evaluation, make_record, sha

from ft_registry.model.evaluation import Evaluation, Harness, Score, ScoreInterval
from ft_registry.model.examples import Profile, Spread
from ft_registry.model.origin import Actor
from ft_registry.model.record import HubBase, VersionRecord
from ft_registry.model.score_history import ScoreHistory, ScorePoint, ScoreSeries
from ft_registry.model.story import ModelStory, Move, Rival, VersionStory
from ft_registry.model.training import Curve, Training

SPREAD = Spread(mean=40.0, p50=32, p90=90, p99=180, max=400)


def profile_of(text: str) -> Profile:
    return Profile(
        format=text, rows=3, unit=text, prompts=SPREAD, answers=SPREAD, totals=SPREAD, turns=SPREAD,
        duplicates=1, near_duplicates=1, labels={text: 3}, label_count=1, sources={text: 3},
        languages={text: 3}, systems=1, foreign=0, faults={text: 1}, warnings=(text,),
    )  # fmt: skip


def training_of(text: str) -> Training:
    points = tuple((float(step), 2.0 / (1 + step)) for step in range(50))
    return Training(
        trainer=text, version=text, method="sft",
        hyperparameters={"learning_rate": 2e-4, "optim": text, text: text, "nested": {"a": [1]}},
        steps=50, epochs=3.0, results={text: 0.61}, base=WHY, files=(), left_out=(text,),
        curves=(
            Curve(name=f"{text}loss", count=50, points=points),
            Curve(name="eval_reward", count=1, points=points[:1]),
        ),
    )  # fmt: skip


def record_of(text: str, number: int = 2) -> VersionRecord:
    return make_record(
        version=number,
        method=text,
        note=text,
        base=HubBase(id=text, revision="c" * 40, digest=WHY),
        data=(
            make_dataset(path=f"a {text}".replace("//", "/ /"), profile=profile_of(text)),
            make_dataset("eval", rows=WHY),
        ),
        code=make_record().code.model_copy(update={"commit": text, "repo": text, "dirty": True}),
        training=training_of(text),
        registered_by=Actor(name=text, email=text),
    )


def evaluation_of(text: str, number: int = 2) -> Evaluation:
    interval = ScoreInterval(low=0.4, high=0.6, level=0.95, method="wilson")
    score = Score(metric=text, value=0.5, n=4, higher_is_better=True, interval=interval)
    return make_evaluation(
        version=number, suite=text, scores=(score,), harness=Harness(name=text, version=text)
    )


def story_of(text: str, number: int = 2) -> VersionStory:
    evaluation = evaluation_of(text, number)
    key = f"{evaluation.suite}.{evaluation.scores[0].key}"
    return VersionStory(
        record_of(text, number),
        sha("2"),
        (evaluation,),
        (failing().verdict,),
        aliases=(text,),
        rivals=(Rival(text, text, {key: 0.25}), Rival("support/0", "@other", {key: 0.75})),
        standing="bad",
    )


def history_of(text: str) -> ScoreHistory:
    points = tuple(
        ScorePoint(number, (text,), one, one.scores[0], (0.4, 0.5))
        for number in (1, 2)
        for one in (evaluation_of(text, number),)
    )
    return ScoreHistory(
        "support", (ScoreSeries(text, text, points),), tuple(p.evaluation for p in points)
    )


def model_of(text: str) -> ModelStory:
    move = Move(NOON, text, 2, "promote", text, text, (text,))
    stories = (story_of(text, 1), story_of(text, 2))
    return ModelStory("support", {text: 2}, stories, 2, (move,), without_moves=text)
