"""What can be switched off or over in the reasoner: the ablations."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ivlm_bench.errors import ConfigError, did_you_mean

#: What each switch may be set to, its default first.
CHOICES: dict[str, tuple[str, ...]] = {
    "views": ("given", "virtual_depth", "virtual_mesh"),
    "templates": ("on", "raw"),
    "text": ("on", "blind", "minilm"),
    "fusion": ("learned", "mean", "max", "noisy_or", "posonly"),
    "confidence": ("on", "off"),
    "visibility": ("on", "off"),
    "normals": ("on", "off"),
    "rays": ("on", "off"),
    "restrict": ("on", "off"),
    "colours": ("on", "off"),
    "selecting": ("on", "off"),
    "two_pass": ("on", "off"),
    "geometry_features": ("on", "off"),
    "depth": ("on", "off"),
    "lift": ("auto", "own", "shared"),
    "calibration": ("on", "off"),
    "abstention": ("on", "off"),
    "ranking": ("search", "evidence"),
    "imagine": ("false", "true"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The reasoner's switches; each is one ablation.

    ``views``: pictures that are looked at beside the given ones. ``templates``: ``raw`` feeds the
    sentence as it is. ``text``: ``blind`` feeds no words, ``minilm`` reads a verb that no template
    knows as the nearest known one. ``fusion``: rule that joins what the views say of a point.
    ``confidence``: views count by how sure they are. ``visibility``: only
    views that see a point have a say. ``normals``: views count by how frontally they see it.
    ``rays``: views whose strongest rays miss the others' are left out. ``restrict``: only points
    of the asked thing count. ``colours``: colour words are held against the colours that are seen.
    ``selecting``: of several parts alike the words choose one; else all of them are meant.
    ``two_pass``: the thing is looked at again, enlarged.
    ``geometry_features``: the network sees normals and heights. ``depth``: depth is used at all.
    ``lift``: who makes 3D points where there is no depth. ``calibration``: temperatures.
    ``abstention``: whether it may say that it can't be done. ``ranking``: grasps in the order of
    the search's own score, in which the evidence has a share, or of the evidence between the pads.
    ``imagine``: grasps are tried on the seen thing in the harness's imagination, and those that
    hold come first; runs are marked.
    """

    views: str = "given"
    templates: str = "on"
    text: str = "on"
    fusion: str = "learned"
    confidence: str = "on"
    visibility: str = "on"
    normals: str = "on"
    rays: str = "on"
    restrict: str = "on"
    colours: str = "on"
    selecting: str = "on"
    two_pass: str = "on"
    geometry_features: str = "on"
    depth: str = "on"
    lift: str = "auto"
    calibration: str = "on"
    abstention: str = "on"
    ranking: str = "search"
    imagine: str = "false"

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a value that a switch does not have."""
        for field in fields(self):
            value, known = str(getattr(self, field.name)), CHOICES[field.name]
            if value not in known:
                hint = did_you_mean(value, list(known))
                raise ConfigError(
                    f"{field.name}={value} is no setting of ivlm; "
                    f"it takes {', '.join(known)}.{hint}"
                )

    def on(self, name: str) -> bool:
        """Tell whether a switch stands at its default."""
        return bool(getattr(self, name) == CHOICES[name][0])
