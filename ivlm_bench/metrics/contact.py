"""How far predicted contacts lie from those of the reference answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ivlm_bench.metrics.spec import Absent, MetricSpec, add_metric
from ivlm_bench.metrics.vertex_contact import CONTACT, Agreement, agreement_plain, tally
from ivlm_bench.types import Interaction, Truth, Verdict

#: Contacts nearer than this to one another are the same: about the side of a gripper's pad.
SAME_CONTACT_M = 0.02


def mean_nearest_distance_m(
    points_m: np.ndarray, reference_m: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the weighted mean distance (m) of points (n, 3) to the nearest of (k, 3), k >= 1.

    Weights (n,) that are all zero count as equal.

    Examples
    --------
    >>> mean_nearest_distance_m(np.eye(3)[:1], np.zeros((1, 3)))
    1.0
    """
    gaps = np.linalg.norm(points_m[:, None] - reference_m[None], axis=2).min(axis=1)
    if weights is None or not np.asarray(weights).any():
        return float(gaps.mean())
    return float(np.average(gaps, weights=np.asarray(weights, dtype=np.float64)))


def contact_distance_m(
    interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
) -> float | Absent:
    """Return the mean distance (m) of contact points to the oracle's nearest, by ``contact_prob``.

    The oracle's answer is one right answer among others: read it as a diagnosis, not as a score.
    """
    if not len(interaction.contact_points_m):
        return Absent("no contact points")
    if not len(truth.oracle.contact_points_m):
        return Absent("the reference answer has no contact points")
    return mean_nearest_distance_m(
        interaction.contact_points_m, truth.oracle.contact_points_m, interaction.contact_prob
    )


add_metric(
    MetricSpec(
        name="contact_distance_m",
        title="Mean distance of predicted contact points to the reference answer's nearest",
        function=contact_distance_m,
        unit="m",
        low=0.0,
        high=None,
        higher_is_better=False,
        empty="none: no contact points",
        source="own: one-sided nearest distance to the reference answer's contact points",
    )
)


def agreement_of_points(
    points_m: np.ndarray, reference_m: np.ndarray, *, radius_m: float = SAME_CONTACT_M
) -> Agreement:
    """Return precision, recall and F1 of points (n, 3) against (k, 3), n and k >= 1, at a radius.

    Precision is the share of points with a reference point within ``radius_m``, recall the share of
    reference points with a point within it.

    References
    ----------
    A. Knapitsch et al., "Tanks and temples: benchmarking large-scale scene reconstruction", ACM
    TOG 36 (2017), section 4.

    Examples
    --------
    >>> agreement_of_points(np.zeros((1, 3)), np.array([[0.0, 0, 0.01], [0, 0, 1]])).recall
    0.5
    """
    near = np.linalg.norm(points_m[:, None] - reference_m[None], axis=2) <= radius_m
    precision, recall = float(near.any(axis=1).mean()), float(near.any(axis=0).mean())
    both = precision + recall
    return Agreement(precision, recall, 2.0 * precision * recall / both if both else 0.0)


def contact_agreement(interaction: Interaction, truth: Truth) -> Agreement | Absent:
    """Return how predicted contact agrees with the truth.

    With ``vertex_prob``: over the object's vertices, in contact where >= 0.5, against the vertices
    that afford the interaction (>= 0.5). Without: over ``contact_points_m`` (with ``contact_prob``
    >= 0.5 where given) against the reference answer's, the same within 2 cm. The reference answer
    is one right answer among others: read the latter as a diagnosis, not as a score.
    """
    if interaction.vertex_prob is not None:
        return _of_vertices(interaction.vertex_prob, truth.vertex_affordance)
    points_m, prob = interaction.contact_points_m, interaction.contact_prob
    if not len(points_m):
        return Absent("neither values on vertices nor contact points")
    if not len(truth.oracle.contact_points_m):
        return Absent("the reference answer has no contact points")
    chosen_m = points_m if prob is None else points_m[prob >= CONTACT]
    if not len(chosen_m):
        return Agreement(0.0, 0.0, 0.0)
    return agreement_of_points(chosen_m, truth.oracle.contact_points_m)


def _of_vertices(vertex_prob: np.ndarray, affordance: np.ndarray) -> Agreement | Absent:
    if vertex_prob.shape != affordance.shape:
        return Absent(f"{len(vertex_prob)} values for {len(affordance)} vertices")
    true = (affordance >= CONTACT).astype(np.float64)
    if not true.any():
        return Absent("no vertex affords the interaction")
    return agreement_plain(tally(vertex_prob, true))


def _share(
    name: str,
) -> Callable[[Interaction, Truth, tuple[Verdict, ...]], float | Absent]:
    def score(
        interaction: Interaction, truth: Truth, verdicts: tuple[Verdict, ...]
    ) -> float | Absent:
        found = contact_agreement(interaction, truth)
        return found if isinstance(found, Absent) else float(getattr(found, name))

    score.__doc__ = f"Return the {name} of predicted contact in [0, 1]."
    return score


for _name, _title in (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1")):
    add_metric(
        MetricSpec(
            name=f"contact_{_name}",
            title=f"{_title} of predicted contact: vertices, or points within 2 cm",
            function=_share(_name),
            unit="1",
            low=0.0,
            high=1.0,
            higher_is_better=True,
            abstained=0.0,
            empty="none: neither values on vertices nor contact points",
            source="vertices: as DECO, 0 where nothing is predicted; points: F-score at 2 cm of "
            "the reference answer's (Knapitsch et al. 2017)",
        )
    )
