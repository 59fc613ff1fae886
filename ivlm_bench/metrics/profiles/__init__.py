"""One module a family of official protocols; each registers its profiles when it is imported."""

from ivlm_bench.registry import import_tree

import_tree(__name__)
