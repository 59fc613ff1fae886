"""The page of a run: one HTML file that shows what was asked, answered, tried and measured."""

from ivlm_bench.report.page import write_page as write_page
