"""Sensor tracks: what a reasoner is allowed to see."""

from __future__ import annotations

from dataclasses import dataclass

from ivlm_bench.errors import UnknownNameError, did_you_mean

#: Least and largest side of the square views that can be drawn, pixels.
MIN_SIZE_PX, MAX_SIZE_PX = 16, 2048


@dataclass(frozen=True, slots=True)
class Track:
    """A sensor track: how many calibrated views, and whether they carry depth."""

    n_views: int
    has_depth: bool


TRACKS: dict[str, Track] = {
    "rgb": Track(1, has_depth=False),
    "rgb4": Track(4, has_depth=False),
    "rgbd": Track(1, has_depth=True),
    "rgbd4": Track(4, has_depth=True),
}


def get_track(name: str) -> Track:
    """Return the sensor track called ``name``; ``UnknownNameError`` with near names otherwise."""
    try:
        return TRACKS[name]
    except KeyError:
        hint = did_you_mean(name, list(TRACKS))
        raise UnknownNameError(f"No sensor track is called {name!r}.{hint}") from None
