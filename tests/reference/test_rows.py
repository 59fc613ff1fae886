"""Published rows: the numbers as the tables print them, typed anew here, and the schema."""

from __future__ import annotations

import pytest

from ivlm_bench.datasets import DATASETS
from ivlm_bench.metrics import profiles  # noqa: F401  # registers the protocols
from ivlm_bench.metrics.profile import PROFILES
from ivlm_bench.reference import STATUSES, ReferenceRow, all_rows, reference_rows
from ivlm_bench.reference.rows import UNKNOWN

#: "METHOD: seen | unseen" as AGD20K tables print KLD/SIM/NSS.
AGD20K = """
Cross-View-AG 1.538/.334/.927 | 1.787/.285/.829
LOCATE 1.226/.401/1.177 | 1.405/.372/1.157
WSMA 1.176/.416/1.247 | 1.335/.382/1.220
INTRA 1.199/.407/1.239 | 1.365/.375/1.209
R-Mamba 1.173/.414/1.247 | 1.372/.380/1.190
WSMA + R-Mamba 1.143/.420/1.251 | 1.310/.397/1.279
LoopTrans 1.088/.445/1.322 | 1.247/.403/1.315
SelectiveCL 1.124/.433/1.280 | 1.243/.405/1.368
BiT-Align 1.105/.430/1.317 | 1.331/.371/1.302
PLSP .890/.510/1.547 | 1.153/.437/1.418
OOAL 1.070/.461/1.503 | 1.302/.410/1.119
AffordanceSAM + C2F 1.083/.543/1.800 | 1.128/.514/1.761
"""
#: SIM % / AUC / aIoU / MAE x 10, as InteractVLM's Table 3 prints them.
PIAD_TABLE_3 = """
PMF 42.5/75.05/10.13/1.41 | 33.0/60.25/4.67/2.11
ILN 42.7/75.84/11.52/1.37 | 32.5/59.69/4.71/2.07
PFusion 43.2/77.50/12.31/1.35 | 33.0/61.87/5.33/1.93
XMF 44.1/78.24/12.94/1.27 | 34.2/62.58/5.68/1.88
IAGNet 54.5/84.85/20.51/0.98 | 35.2/71.84/7.95/1.27
InteractVLM 62.7/86.47/21.20/0.81 | 41.4/75.45/8.50/0.99
"""
#: aIoU/AUC/SIM/MAE of other tables on PIAD, LASO and CompassAD; "." where nothing is printed.
POINT_CLOUDS = """
piad LASO 19.7/84.2/.590/.096 | 8.0/69.2/.386/.118
piad GEAL 22.5/85.0/.600/.092 | 8.7/72.5/.390/.102
piad GREAT 19.61/85.22/./. | 8.32/67.46/./.
piad HAMMER 22.20/88.43/./. | 13.71/80.92/./.
piad iterative-spectral method 23.1/85.8/.664/.089 | 9.2/73.1/.431/.099
laso IAGNet 17.8/82.3/.561/.109 | 12.9/77.8/./.
laso PointRefer 20.8/87.3/.629/.093 | 14.6/80.2/.507/.119
laso GEAL 22.0/86.7/.634/.092 | 16.7/80.9/.567/.106
laso iterative-spectral method 22.8/87.3/.651/.090 | 17.1/81.5/./.
compassad CompassNet 18.20/89.2/.368/.061 | 15.36/87.4/.339/.059
compassad GLANCE 14.18/././. | 11.82/././.
compassad PointRefer 10.52/././. | 8.47/././.
compassad GREAT 9.23/././. | 7.31/././.
compassad IAGNet 7.64/././. | 6.07/././.
"""

#: "data set | split | method | status | numbers" of single rows, in the units of the profiles.
SINGLE = """
agd20k | seen | Cross-View-AG | reproduced | kld 1.521, sim 0.342, nss 0.931
agd20k | seen | WSMA | reproduced | nss 1.224
agd20k | easy | AffordanceLLM | second-hand | kld 1.463, sim 0.377, nss 1.07
agd20k | hard | AffordanceLLM | second-hand | kld 1.661, sim 0.361, nss 0.947
agd20k | not stated | DINOv3 x Flux | second-hand | kld 1.493, sim 0.326, nss 1.09
agd20k | not stated | UAD | second-hand | kld 1.878, sim 0.407, nss 1.092
piad | seen | InteractVLM | published | mae 0.081, auc 0.8647, aiou 0.212
piad | unseen | InteractVLM | published | mae 0.099, auc 0.7545, aiou 0.085
piad | seen | IAGNet | published | mae 0.098, sim 0.545
laso | seen | PointRefer | published | aiou 0.208, auc 0.873, sim 0.629, mae 0.093
piadv2 | seen | baseline | second-hand | auc 87.04
piadv2 | unseen-object | IAGNet | second-hand | auc 73.03
piadv2 | unseen-affordance | LASO | second-hand | auc 64.07
piadv2 | unseen-affordance | GREAT | second-hand | auc 69.81, aiou 12.05
damon | test | POSA-PIXIE | second-hand | f1 0.31, precision 0.42, recall 0.34, fp_geo 0.33
damon | test | BSTRO | second-hand | f1 0.46, precision 0.51, recall 0.53, fp_geo 0.3806
damon | test | DECO | second-hand | f1 0.55, precision 0.65, recall 0.57, fp_geo 0.2132
damon | test | InteractVLM | published | binary_f1 0.756, binary_precision 0.752
damon | test | InteractVLM | published | binary_recall 0.76, binary_geo_as_called 0.0289
damon | test | InteractVLM (with parts) | corrected | binary_f1 0.7032, binary_precision 0.6466
damon | test | InteractVLM (with parts) | corrected | binary_recall 0.7546
damon | test | InteractVLM (no parts) | corrected | binary_f1 0.6446, binary_precision 0.6589
damon | test | InteractVLM (no parts) | corrected | binary_recall 0.6312
damon | test-semantic | InteractVLM (with parts) | corrected | semantic_weighted_f1 0.6649
damon | test-semantic | InteractVLM (no parts) | corrected | semantic_weighted_f1 0.6098
damon | test-semantic | InteractVLM (by category) | corrected | transportation_f1 0.7225
damon | test-semantic | InteractVLM (by category) | corrected | sports_equipment_f1 0.7244
damon | test-semantic | InteractVLM (by category) | corrected | kitchen_appliances_f1 0.6535
damon | test-semantic | InteractVLM (by category) | corrected | food_items_f1 0.6205
damon | test-semantic | InteractVLM (by category) | corrected | accessories_f1 0.6034
damon | test-semantic | InteractVLM (by category) | corrected | furniture_f1 0.589
damon | test-semantic | InteractVLM (by category) | corrected | everyday_objects_f1 0.5498
damon | test | InteractVLM (1 % of the data) | second-hand | binary_f1 0.53
3dir | val | BSTRO | second-hand | f1 0.55, precision 0.57, recall 0.58, fp_geo 0.2858
3dir | val | DECO | second-hand | f1 0.69, precision 0.7, recall 0.72, fp_geo 0.1525
3dir | val | LEMON-P | second-hand | f1 0.77, precision 0.76, recall 0.81, fp_geo 0.0902
3dir | val | LEMON-D | second-hand | f1 0.78, precision 0.78, recall 0.82, fp_geo 0.0755
3dir | val | InteractVLM | published | f1 0.784, precision 0.825, recall 0.763, geo 0.0673
rich | test | DECO | second-hand | precision 0.71, recall 0.76, f1 0.7, geo 0.1792
rich | test | InteractVLM | second-hand | precision 0.63, recall 0.63, f1 0.6, geo 0.157
rich | test | UniCon3R | second-hand | precision 0.64, recall 0.8, f1 0.71, geo 0.1498
open3dhoi | test | PHOSA | second-hand | f1 0.243, collision 0.044
open3dhoi | test | LEMON + PICO | second-hand | f1 0.335, collision 0.078
open3dhoi | test | InteractVLM | second-hand | f1 0.392, collision 0.054
open3dhoi | test | HOI-Gaussian | second-hand | f1 0.348, collision 0.07
open3dhoi | test | TeHOR | second-hand | f1 0.412, collision 0.047
epic | validation | ActionFormer | published | verb_map_avg 0.2344, noun_map_avg 0.2185
physbench | test | human | published | accuracy 95.87
physbench | test | InternVL2.5-38B | published | accuracy 51.94
physbench | test | InternVL2.5-78B | published | accuracy 51.16
physbench | test | GPT-4o | published | accuracy 49.49
physbench | test | Gemini-1.5-pro | published | accuracy 49.11
where2place | point | RoboPoint | second-hand | accuracy 0.4677
where2place | point | GPT-4o | second-hand | accuracy 0.2906
where2place | point | Gemini-Robotics-ER 1.5 | second-hand | accuracy 0.59
refspatial | all | Gemini-Robotics-ER 1.5 | second-hand | accuracy 0.485
pointbench | test | Gemini-Robotics-ER 1.5 | second-hand | accuracy 0.716
pointbench | test | MolmoPoint-8B | second-hand | accuracy 0.707
"""


def lines(table: str) -> list[tuple[str, list[tuple[str, list[float | None]]]]]:
    """Return (method, [(split, numbers), ...]) of each line."""
    found = []
    for line in table.strip().splitlines():
        seen, unseen = line.split(" | ")
        method, first = seen.rsplit(" ", 1)
        pairs = [("seen", numbers(first)), ("unseen", numbers(unseen))]
        found.append((method, pairs))
    return found


def numbers(text: str) -> list[float | None]:
    return [None if word == "." else float(word) for word in text.split("/")]


def one(dataset: str, split: str, method: str, **wanted: str) -> ReferenceRow:
    rows = [
        row
        for row in reference_rows(dataset, split)
        if row.method == method and all(getattr(row, k) == v for k, v in wanted.items())
    ]
    assert len(rows) == 1, [row.method for row in rows]
    return rows[0]


@pytest.mark.parametrize(("method", "pairs"), lines(AGD20K))
def test_agd20k(method: str, pairs: list[tuple[str, list[float]]]) -> None:
    for split, (kld, sim, nss) in pairs:
        row = one("agd20k", split, method, status="second-hand")
        assert row.values == {"kld": kld, "sim": sim, "nss": nss}


@pytest.mark.parametrize(("method", "pairs"), lines(PIAD_TABLE_3))
def test_piad_as_interactvlm_prints_it(method: str, pairs: list[tuple[str, list[float]]]) -> None:
    for split, (sim, auc, aiou, mae) in pairs:
        row = one("piad", split, method)
        share = 100.0 if row.units["auc"] == "1" else 1.0
        expected = {"sim": sim / 100, "auc": auc / share, "aiou": aiou / share, "mae": mae / 10}
        assert row.values == pytest.approx(expected, abs=1e-9)
        assert "x 10" in row.note, "what the table prints is told"


@pytest.mark.parametrize(("name", "pairs"), lines(POINT_CLOUDS))
def test_point_clouds(name: str, pairs: list[tuple[str, list[float | None]]]) -> None:
    dataset, method = name.split(" ", 1)
    for split, printed in pairs:
        status = "published" if method == "CompassNet" else "second-hand"
        row = one(dataset, split, method, status=status)
        scales = {"%": 1.0, "1": 100.0}
        names = ("aiou", "auc", "sim", "mae")
        expected = {
            q: x / scales[row.units[q]] if q in ("aiou", "auc") else x
            for q, x in zip(names, printed, strict=True)
            if x is not None
        }
        assert row.values == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("line", SINGLE.strip().splitlines())
def test_single_rows(line: str) -> None:
    dataset, split, method, status, text = line.split(" | ")
    row = one(dataset, split, method, status=status)
    printed = dict(word.split(" ") for word in text.split(", "))
    for name, value in printed.items():
        assert row.values[name] == pytest.approx(float(value), abs=1e-9), name


@pytest.mark.parametrize(
    ("category", "numbers"),
    [
        ("accessories", (40.1, 61.1, 72.9, 65.6, 6.91)),
        ("everyday_objects", (26.5, 68.6, 71.4, 78.0, 7.46)),
        ("food_items", (11.7, 66.4, 66.1, 77.9, 7.17)),
        ("furniture", (24.5, 60.5, 64.2, 60.1, 6.21)),
        ("kitchen_appliances", (27.7, 71.8, 71.3, 81.1, 7.61)),
        ("sports_equipment", (36.4, 77.9, 76.7, 83.2, 7.98)),
        ("transportation", (52.0, 77.8, 80.5, 78.9, 7.97)),
    ],
)
def test_semantic_contact_by_category(category: str, numbers: tuple[float, ...]) -> None:
    before = one("damon", "test-semantic", "Semantic-DECO")
    after = one("damon", "test-semantic", "InteractVLM")
    found = [before.values[f"{category}_f1"]]
    found += [after.values[f"{category}_{name}"] for name in ("f1", "precision", "recall", "geo")]
    assert found == pytest.approx([number / 100 for number in numbers], abs=1e-9)


@pytest.mark.parametrize(
    ("method", "printed"),
    [
        ("GPT-6 Astra", (78.0, 76.9, 71.9, 75.2)),
        ("Gemini 3.6 Flash", (76.4, 73.4, 69.6, 74.8)),
        ("Claude Opus 5", (56.3, 69.0, 68.6, 56.7)),
        ("Embodied-R1.5", (55.2, 75.0, 64.5, 65.3)),
        ("PhysBrain-1.5-8B", (50.9, 72.1, 64.3, 62.2)),
    ],
)
def test_pointing(method: str, printed: tuple[float, ...]) -> None:
    places = (
        ("refspatial", "all"),
        ("where2place", "point"),
        ("pointbench", "test"),
        ("pixmo", "all"),
    )
    found = [one(*place, method).values["micro_f1"] for place in places]
    assert found == pytest.approx([number / 100 for number in printed], abs=1e-9)


def test_withdrawn_and_corrected_rows_both_stand() -> None:
    rows = reference_rows("damon", protocol="damon:interactvlm")
    assert {row.status for row in rows} == {"published", "corrected"}
    assert all(row.note.startswith("Withdrawn") == (row.status == "published") for row in rows)


@pytest.mark.parametrize("row", all_rows(), ids=lambda r: f"{r.dataset}-{r.split}-{r.method}")
def test_every_row_is_whole(row: ReferenceRow) -> None:
    assert row.status in STATUSES
    assert row.source
    assert row.setting
    assert row.values
    assert set(row.units) == set(row.values)
    assert row.year is None or 2018 <= row.year <= 2026
    assert row.protocol == UNKNOWN or row.protocol in PROFILES
    if row.dataset in DATASETS:
        own = set(DATASETS.get(row.dataset).profiles)
        assert row.protocol in own | {UNKNOWN}


@pytest.mark.parametrize("row", all_rows(), ids=lambda r: f"{r.dataset}-{r.split}-{r.method}")
def test_every_number_has_the_unit_and_the_bounds_of_its_protocol(row: ReferenceRow) -> None:
    names = [
        n
        for n, p in PROFILES
        if n == row.protocol or (row.protocol == UNKNOWN and p.dataset == row.dataset)
    ]
    known = {q.name: q for n in names[:1] for q in PROFILES.get(n).quantities}
    for name, value in row.values.items():
        if name in known:
            quantity = known[name]
            assert row.units[name] == quantity.unit
            assert quantity.low is None or value >= quantity.low
            assert quantity.high is None or value <= quantity.high
        elif row.units[name] == "1":
            assert 0.0 <= value <= 1.0
        elif row.units[name] == "%":
            assert 1.0 < value <= 100.0


@pytest.mark.parametrize("row", all_rows(), ids=lambda r: f"{r.dataset}-{r.split}-{r.method}")
def test_a_row_that_names_a_protocol_has_its_numbers_or_says_which_it_has_not(
    row: ReferenceRow,
) -> None:
    if row.protocol == UNKNOWN:
        return
    known = {quantity.name for quantity in PROFILES.get(row.protocol).quantities}
    strange = set(row.values) - known
    assert set(row.values) & known
    assert not strange or (
        all(name.endswith("_geo") for name in strange)
        and "no profile gives the geo of a category" in row.note
    )


def test_no_row_is_there_twice() -> None:
    keys = [(r.dataset, r.split, r.method, r.status, r.setting, *r.values) for r in all_rows()]
    assert len(keys) == len(set(keys))


def test_rows_are_found_by_what_is_given() -> None:
    weakly = reference_rows("agd20k", "Seen", setting="Weakly-Supervised")
    assert {row.method for row in weakly} >= {"LOCATE", "PLSP"}
    (locate,) = reference_rows("agd20k", "unseen", protocol="agd20k:locate")
    assert locate.method == "LOCATE"
    assert reference_rows("agd20k", setting="no such setting") == ()
    assert len(reference_rows()) == len(all_rows())
