"""What InteractVLM's demo writes, read: vertices become contacts and maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivlm_bench.codec import observation_key
from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies.from_files.reasoner import InteractVlmReasoner

BOX = table_observation(
    (Block((0.0, 0.0, 0.05), (0.06, 0.06, 0.1)),), Query("grasp", "box", None, "Take the box.")
)


def interactvlm(folder: Path, prob: Any, vertices: str) -> None:
    home = folder / observation_key(BOX)
    home.mkdir()
    np.savez(home / "box__1_oafford_vertices.npz", pred_contact_3d=np.array(prob, np.float32))
    (home / "object_mesh.obj").write_text(vertices)


#: The middle of the box's top, and a corner of the table far away.
TWO = "v 0.0 0.0 0.1\nv 0.5 0.5 0.0\nvn 0 0 1\nf 1 2 1\n"


def test_interactvlm_s_vertices_become_contacts_and_maps(tmp_path: Path) -> None:
    interactvlm(tmp_path, [[0.9, 0.2]], TWO)
    answer = InteractVlmReasoner(str(tmp_path)).predict(BOX)
    assert answer.contact_points_m.tolist() == [[0.0, 0.0, 0.1]]
    assert np.asarray(answer.contact_prob) == pytest.approx([0.9])
    maps = np.asarray(answer.affordance_maps)
    assert maps.shape == (len(BOX.views), *BOX.views[0].rgb.shape[:2])
    from ivlm_bench.geometry.camera import depth_points

    for view, shown in zip(BOX.views, maps, strict=True):
        assert view.depth_m is not None
        far_m = np.linalg.norm(depth_points(view.camera, view.depth_m) - (0.0, 0.0, 0.1), axis=2)
        assert np.array_equal(shown > 0.5, np.nan_to_num(far_m, nan=9.0) < 0.015)


def test_interactvlm_that_predicts_nothing_abstains(tmp_path: Path) -> None:
    interactvlm(tmp_path, [0.4, 0.2], TWO)
    assert InteractVlmReasoner(str(tmp_path)).predict(BOX).abstain
    assert len(InteractVlmReasoner(str(tmp_path), threshold=0.2).predict(BOX).contact_points_m) == 2


@pytest.mark.parametrize(
    ("prob", "vertices", "words"),
    [
        ([[0.9, 0.2, 0.1]], TWO, "tells of 3 vertices"),
        ([[0.9, 1.2]], TWO, "outside of"),
        ([[0.9, np.nan]], TWO, "outside of"),
        ([[0.9], [0.1]], TWO, "shape (2, 1)"),
        ([[0.9, 0.2]], "v 1 2 x\n", "no three numbers"),
        ([[0.9, 0.2]], "v 1 2\nv 3 4 5\n", "no three numbers"),
        ([[0.9, 0.2]], "v 0 0 inf\nv 0 0 0\n", "not finite"),
    ],
)
def test_results_of_interactvlm_that_do_not_fit(
    tmp_path: Path, prob: Any, vertices: str, words: str
) -> None:
    interactvlm(tmp_path, prob, vertices)
    with pytest.raises(InvalidAnswerError) as caught:
        InteractVlmReasoner(str(tmp_path)).predict(BOX)
    assert words in str(caught.value)
