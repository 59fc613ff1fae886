"""Contact-GraspNet's network, written anew for its published weights.

Sundermeyer et al., ICRA 2021, in the PyTorch port of the package cgn-pytorch: three levels of
set abstraction at three radii each (PointNet++, Qi 2017), features carried back to the 2048
points of the first level, and four heads at each of them. A group's points are
joined with a further one, as the port's library does: the weights were trained so.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

#: Points of each level, and radii (m) of its groups; checkpoints/config.yaml.
CENTRES = (2048, 512, 128)
RADII_M = ((0.02, 0.04, 0.08), (0.04, 0.08, 0.16), (0.08, 0.16, 0.32))
#: Most points of a group (pointnet2.py), and epsilon of a norm.
GROUP, EPSILON = 64, 1e-5
#: Layers of each group's network, of each step back, and neighbours that a step joins.
N_LAYERS, BACK_LAYERS, NEIGHBOURS = 3, (2, 2, 3), 3
#: Widest opening (m) that is predicted: half of ``gripper_width`` (contact_graspnet.py, forward).
MOST_WIDTH_M = 0.08
#: Points that are looked through at once: most groups are full after the first.
BLOCK = 2048

Weights = Mapping[str, Tensor]


@torch.no_grad()
def grasps_at(weights: Weights, cloud_m: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return what the network says at 2048 points of a cloud (n, 3) in metres, z up.

    Returns
    -------
    contacts_m, closing, approach, width_m, score
        (k, 3), (k, 3) and (k, 3) unit, (k,) opening between the contacts, (k,) in [0, 1].
    """
    at, feature = cloud_m, cloud_m.new_zeros(len(cloud_m), 0)
    levels = []
    for level, (count, radii) in enumerate(zip(CENTRES, RADII_M, strict=True)):
        chosen = farthest(at, min(count, len(at)))
        parts = [
            _abstract(weights, f"set_abstract_msg.{level}.{k}", (at, feature), chosen, radius)
            for k, radius in enumerate(radii)
        ]
        at, feature = at[chosen], torch.cat(parts, 1)
        levels.append((at, feature))
    for step, (finer, own) in enumerate(reversed(levels)):
        joined = torch.cat([_interpolate(feature, at, finer), own], 1)
        feature, at = (
            _layers(weights, f"feat_prop.{step}.nn", joined, range(BACK_LAYERS[step])),
            finer,
        )
    shown = torch.cat([at, feature], 1)
    score, closing, approach, width = (_head(weights, k, shown) for k in range(4))
    closing = torch.nn.functional.normalize(closing, dim=1)
    approach = approach - (closing * approach).sum(1, keepdim=True) * closing
    approach = torch.nn.functional.normalize(approach, dim=1)
    return at, closing, approach, width[:, 0].clamp(max=MOST_WIDTH_M), score[:, 0].sigmoid()


def farthest(points_m: Tensor, count: int) -> Tensor:
    """Return indices of points, each as far as can be from those before it, from the first on."""
    chosen = torch.zeros(count, dtype=torch.long)
    nearest = torch.full((len(points_m),), torch.inf)
    for k in range(1, count):
        gap = ((points_m - points_m[chosen[k - 1]]) ** 2).sum(1)
        nearest = torch.minimum(nearest, gap)
        chosen[k] = nearest.argmax()
    return chosen


def groups(points_m: Tensor, centres_m: Tensor, radius_m: float) -> Tensor:
    """Return indices (c, 64) of the first points within a radius, the first again for padding."""
    found = torch.full((len(centres_m), GROUP), -1)
    count = torch.zeros(len(centres_m), dtype=torch.long)
    for start in range(0, len(points_m), BLOCK):
        short = (count < GROUP).nonzero()[:, 0]
        near = torch.cdist(centres_m[short], points_m[start : start + BLOCK]) <= radius_m
        place = near.cumsum(1) + count[short, None]
        row, column = (near & (place <= GROUP)).nonzero(as_tuple=True)
        found[short[row], place[row, column] - 1] = column + start
        count[short] += near.sum(1)
    return torch.where(found < 0, found[:, :1], found)


def _abstract(
    weights: Weights, name: str, given: tuple[Tensor, Tensor], chosen: Tensor, radius_m: float
) -> Tensor:
    """Return features (c, f) of the groups about the chosen points: the largest of each."""
    at, feature = given
    members = groups(at, at[chosen], radius_m)
    # The library's "self-loops" join the point that has the group's number, wherever that lies.
    members = torch.cat([members, torch.arange(len(chosen))[:, None]], 1)
    # The first layer is linear in a member less its centre: one product a point, not one a pair.
    matrix, bias = (weights[f"{name}.conv.local_nn.0.0.{part}"] for part in ("weight", "bias"))
    point = torch.cat([feature, at], 1) @ matrix.T + bias
    centre = at[chosen] @ matrix[:, -3:].T
    rows = (point[members] - centre[:, None]).flatten(0, 1).relu_()
    rows = _norm(weights, f"{name}.conv.local_nn.0.2", rows)
    out = _layers(weights, f"{name}.conv.local_nn", rows, range(1, N_LAYERS))
    return out.reshape(*members.shape, -1).amax(1)


def _interpolate(feature: Tensor, at: Tensor, finer: Tensor) -> Tensor:
    """Return features at other points: of the three nearest, by inverse squared distance."""
    gap, nearest = torch.cdist(finer, at).topk(min(NEIGHBOURS, len(at)), largest=False)
    share = 1.0 / (gap**2).clamp(min=1e-16)
    return (feature[nearest] * (share / share.sum(1, keepdim=True))[..., None]).sum(1)


def _layers(weights: Weights, name: str, rows: Tensor, which: range) -> Tensor:
    """Apply linear layers, each with a ramp and then a norm."""
    for k in which:
        rows = _linear(weights, f"{name}.{k}.0", rows).relu_()
        rows = _norm(weights, f"{name}.{k}.2", rows)
    return rows


def _head(weights: Weights, k: int, rows: Tensor) -> Tensor:
    hidden = _norm(weights, f"multihead.{k}.1", _linear(weights, f"multihead.{k}.0", rows))
    return _linear(weights, f"multihead.{k}.3", hidden)


def _linear(weights: Weights, name: str, rows: Tensor) -> Tensor:
    matrix = weights[f"{name}.weight"].flatten(1)  # convolutions over one point, too
    return torch.addmm(weights[f"{name}.bias"], rows, matrix.T)


def _norm(weights: Weights, name: str, rows: Tensor) -> Tensor:
    scale = weights[f"{name}.weight"] / (weights[f"{name}.running_var"] + EPSILON).sqrt()
    shift = weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale
    return torch.addcmul(shift, rows, scale)
