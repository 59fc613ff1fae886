"""Suite files; each ``<name>-v<k>.toml`` in this folder is registered under its file name."""

from pathlib import Path

from ivlm_bench.suite import register_folder

register_folder(Path(__file__).parent)
