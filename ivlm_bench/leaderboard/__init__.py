"""Tables of sealed runs: rates with intervals for one run, a ranking for many, and their check."""

from ivlm_bench.leaderboard.board import Board as Board
from ivlm_bench.leaderboard.board import boards as boards
from ivlm_bench.leaderboard.board import find_runs as find_runs
from ivlm_bench.leaderboard.grid import Grid as Grid
from ivlm_bench.leaderboard.latex import latex as latex
from ivlm_bench.leaderboard.publish import boards_of as boards_of
from ivlm_bench.leaderboard.publish import publish as publish
from ivlm_bench.leaderboard.summary import RunSummary as RunSummary
from ivlm_bench.leaderboard.summary import summarise as summarise
from ivlm_bench.leaderboard.tables import boards_csv as boards_csv
from ivlm_bench.leaderboard.tables import boards_json as boards_json
from ivlm_bench.leaderboard.tables import leaderboard_table as leaderboard_table
from ivlm_bench.leaderboard.tables import leaderboard_tables as leaderboard_tables
from ivlm_bench.leaderboard.tables import run_table as run_table
from ivlm_bench.leaderboard.verify import verify as verify
from ivlm_bench.leaderboard.views import VIEWS as VIEWS
from ivlm_bench.leaderboard.views import feasibility_csv as feasibility_csv
from ivlm_bench.leaderboard.views import feasibility_json as feasibility_json
