"""Sensor tracks and sensors: what a reasoner is allowed to see, and how it is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from ivlm_bench.errors import UnknownNameError, did_you_mean

#: Least and largest side of the square views that can be drawn, pixels.
MIN_SIZE_PX, MAX_SIZE_PX = 16, 2048
#: Side of the views unless a suite says otherwise, pixels.
DEFAULT_SIZE_PX = 224
#: Renderer unless one is asked for.
DEFAULT_RENDERER = "soft"
#: Most calibrated views that a scene offers.
MAX_VIEWS = 4


@dataclass(frozen=True, slots=True)
class Track:
    """A sensor track: how many calibrated views, and whether they carry depth."""

    n_views: int
    has_depth: bool

    @property
    def name(self) -> str:
        """``rgb`` or ``rgbd``, with the number of views where it is more than one."""
        return ("rgbd" if self.has_depth else "rgb") + (str(self.n_views) * (self.n_views > 1))


#: The official tracks; ``rgb2``, ``rgb3``, ``rgbd2`` and ``rgbd3`` can be run, too.
TRACKS: dict[str, Track] = {
    "rgb": Track(1, has_depth=False),
    "rgb4": Track(4, has_depth=False),
    "rgbd": Track(1, has_depth=True),
    "rgbd4": Track(4, has_depth=True),
}

_PATTERN = re.compile(rf"(rgbd?)([2-{MAX_VIEWS}])?")


class Sensors(msgspec.Struct, frozen=True, kw_only=True, order=True, forbid_unknown_fields=True):
    """How a question is shown: sensor track, side of the square views, renderer."""

    track: str
    size_px: int = DEFAULT_SIZE_PX
    renderer: str = DEFAULT_RENDERER

    @property
    def label(self) -> str:
        """The track, with size and renderer where they are not the usual ones."""
        unusual = [f"{self.size_px} px"] * (self.size_px != DEFAULT_SIZE_PX)
        unusual += [self.renderer] * (self.renderer != DEFAULT_RENDERER)
        return ", ".join([self.track, *unusual])


def get_track(name: str) -> Track:
    """Return the sensor track called ``name``; ``UnknownNameError`` with near names otherwise."""
    match = _PATTERN.fullmatch(name)
    if match is None:
        hint = did_you_mean(name, list(TRACKS))
        raise UnknownNameError(f"No sensor track is called {name!r}.{hint}")
    return Track(int(match[2] or 1), has_depth=match[1] == "rgbd")
