"""The check ``cost``: what an item of a suite took when it was scored."""

from ft_registry.actions.checks.case import Case
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts
from ft_registry.gates.spending import judge_spending
from ft_registry.model.policy_checks import CostCheck


def check_cost(check: CostCheck, case: Case) -> Answer:
    """Tells whether the items of a suite's newest evaluation were cheap enough, on average."""
    facts = Facts()
    try:
        evaluation = case.measured.newest.get(check.suite)
        if evaluation is None:
            facts.is_open(
                f"{case.version} has no evaluation of {check.suite}: ft-registry eval add "
                f"{case.version} FILE --suite {check.suite}"
            )
            return facts.answer()
        case.note(evaluation)
        items = case.tools.tables().find(evaluation, case.measured.home)
    except FtRegistryError as error:
        facts.meets(error)
        return facts.answer()
    judge_spending(
        items.numbers.get(check.measure), check.measure, check.at_most, len(items), facts
    )
    return facts.answer()
