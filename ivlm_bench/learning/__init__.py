"""Labelled pictures that a reasoner can learn from, drawn from the environments' generators."""

from ivlm_bench.learning.draw import draw_pictures as draw_pictures
from ivlm_bench.learning.files import Pictures as Pictures
from ivlm_bench.learning.files import open_pictures as open_pictures
