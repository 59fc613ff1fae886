"""What the engines saw: success, robustness, stability, freedom of collision."""

from __future__ import annotations

from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.types import Check, Interaction, Truth, Verdict

#: Word in the name of every check that measures overlap with something solid.
PENETRATION = "penetration"

#: Name of the check that an object stayed where the gripper held it.
STABLE = "stable"

_PROTOCOL = "IVLM-Phys v1, section 6"


def success(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return 1.0 if the reference engine's nominal trial succeeded, else 0.0.

    For an unanswerable query: 1.0 for an abstention, else 0.0. A diverged simulation has no score.
    """
    if not truth.feasible or interaction.abstain:
        return float(interaction.abstain and not truth.feasible)
    reference = _reference(verdicts)
    return reference if isinstance(reference, Absent) else float(reference.success)


def robust_success(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return the reference engine's mean success over perturbed trials, in [0, 1]."""
    reference = _reference(verdicts)
    if isinstance(reference, Absent):
        return reference
    if reference.robust_prob is None:
        return Absent("no perturbed trial ran")
    return float(reference.robust_prob)


def stable(interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]) -> float | Absent:
    """Return 1.0 if the object kept its place in the hand, 0.0 if it drifted or was not held."""
    reference = _reference(verdicts)
    if isinstance(reference, Absent):
        return reference
    found = [check for check in reference.checks if check.name == STABLE]
    if truth.trial.kind != "grasp":
        return Absent("nothing is held in this trial")
    return float(bool(found) and all(check.passed for check in found))


def collision_free(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return 1.0 if every gating check of overlap passed in the reference engine, else 0.0."""
    reference = _reference(verdicts)
    if isinstance(reference, Absent):
        return reference
    found = [check for check in reference.checks if _measures_overlap(check)]
    if not found:
        return Absent("overlap was not measured")
    return float(all(check.passed for check in found))


def _measures_overlap(check: Check) -> bool:
    return check.gating and PENETRATION in check.name


def _reference(verdicts: tuple[Verdict, ...]) -> Verdict | Absent:
    if not verdicts:
        return Absent("no engine tried the answer")
    if verdicts[0].status != "ok":
        return Absent("the simulation diverged")
    return verdicts[0]


add_metric(
    MetricSpec(
        name="success",
        title="Whether the trial succeeded in the reference engine, or a question without an "
        "answer was declined",
        function=success,
        unit="1",
        low=0.0,
        high=1.0,
        higher_is_better=True,
        answerable_only=False,
        empty="0: a trial without an answer fails",
        source=_PROTOCOL,
    )
)
for _name, _function, _title, _empty in (
    (
        "robust_success",
        robust_success,
        "Share of perturbed trials that succeeded in the reference engine",
        "0: a trial without an answer fails",
    ),
    (
        "stable",
        stable,
        "Whether the object kept its place in the hand",
        "0: nothing is held",
    ),
    (
        "collision_free",
        collision_free,
        "Whether hand and objects kept from entering one another",
        "none: overlap is not measured without an answer",
    ),
):
    add_metric(
        MetricSpec(
            name=_name,
            title=_title,
            function=_function,
            unit="1",
            low=0.0,
            high=1.0,
            higher_is_better=True,
            abstained=0.0,
            empty=_empty,
            source=_PROTOCOL,
        )
    )
