"""Runs on disk: a journal while a run goes on, sealed Parquet files when it is complete."""

from ivlm_bench.store.journal import RunHeader as RunHeader
from ivlm_bench.store.journal import RunStore as RunStore
from ivlm_bench.store.journal import differing as differing
from ivlm_bench.store.load import Run as Run
from ivlm_bench.store.load import is_sealed as is_sealed
from ivlm_bench.store.load import load_run as load_run
from ivlm_bench.store.salvage import salvage as salvage
