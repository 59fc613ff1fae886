"""Small made-up data sets in the exact layouts of public ones, one module each.

``python -m ivlm_bench.testing.miniatures agd20k FOLDER`` makes one. They hold nothing of the
owners' files: everything is drawn from a seed.
"""

from ivlm_bench.registry import import_tree
from ivlm_bench.testing.miniatures.spec import MINIATURES as MINIATURES
from ivlm_bench.testing.miniatures.spec import Maker as Maker
from ivlm_bench.testing.miniatures.spec import add_miniature as add_miniature
from ivlm_bench.testing.miniatures.spec import make_miniature as make_miniature

import_tree(__name__)
