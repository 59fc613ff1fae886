"""One module a public data set; each registers its loader when it is imported."""

from ivlm_bench.datasets.spec import DATASETS as DATASETS
from ivlm_bench.datasets.spec import DataItem as DataItem
from ivlm_bench.datasets.spec import DataSet as DataSet
from ivlm_bench.registry import import_tree

import_tree(__name__)
