"""Nouns as bytes: answers as they are stored and judged, observations without any loss."""

from ivlm_bench.codec.interaction import FORMAT_VERSION as FORMAT_VERSION
from ivlm_bench.codec.interaction import MAX_ANSWER_BYTES as MAX_ANSWER_BYTES
from ivlm_bench.codec.interaction import MAX_MAP_SIDE_PX as MAX_MAP_SIDE_PX
from ivlm_bench.codec.interaction import decode as decode
from ivlm_bench.codec.interaction import encode as encode
from ivlm_bench.codec.interaction import reduce_maps as reduce_maps
from ivlm_bench.codec.nouns import NounFormat as NounFormat
from ivlm_bench.codec.observation import decode_observation as decode_observation
from ivlm_bench.codec.observation import decode_truth as decode_truth
from ivlm_bench.codec.observation import encode_observation as encode_observation
from ivlm_bench.codec.observation import encode_truth as encode_truth
from ivlm_bench.codec.observation import observation_key as observation_key
