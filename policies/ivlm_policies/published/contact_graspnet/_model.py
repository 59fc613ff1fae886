"""Reads the weights and asks the network; needs torch."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import torch

from ivlm_bench.errors import AssetError
from ivlm_policies.published.contact_graspnet._network import grasps_at
from ivlm_policies.published.contact_graspnet.scene import Said

#: A tensor that tells this network from others, and its shape.
MARK, SHAPE = "multihead.0.3.weight", (1, 128, 1)


class Model:
    """The network with its weights."""

    def __init__(self, path: Path) -> None:
        torch.set_num_threads(1)  # the bench runs many processes
        try:
            stored = torch.load(path, map_location="cpu", weights_only=True)
            self._weights = stored["state_dict"]
            fits = self._weights[MARK].shape == SHAPE
        except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.PickleError) as error:
            raise _unfit(path) from error
        if not fits:
            raise _unfit(path)

    def __call__(self, cloud_m: np.ndarray) -> Said:
        """Return what it says of a cloud (n, 3) in the world frame, metres."""
        middle_m = cloud_m.mean(axis=0)
        given = torch.from_numpy((cloud_m - middle_m).astype(np.float32))
        said = (part.numpy().astype(np.float64) for part in grasps_at(self._weights, given))
        contacts_m, *rest = said
        return Said(contacts_m + middle_m, *rest)


def _unfit(path: Path) -> AssetError:
    return AssetError(f"{path} holds no weights of Contact-GraspNet; leave -P weights out.")
