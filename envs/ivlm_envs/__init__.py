"""Environments, objects and suites of ivlm_bench; importing it registers all of them."""

from ivlm_bench.registry import import_tree

import_tree(__name__)
