"""Published numbers with source, setting and protocol: what a user's own row may stand beside."""

from ivlm_bench.reference.rows import STATUSES as STATUSES
from ivlm_bench.reference.rows import ReferenceRow as ReferenceRow
from ivlm_bench.reference.rows import all_rows as all_rows
from ivlm_bench.reference.rows import reference_rows as reference_rows
