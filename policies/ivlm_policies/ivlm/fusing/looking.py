"""What the views show, worked out once an answer."""

from __future__ import annotations

from ivlm_bench.geometry.seen import Seen, see
from ivlm_bench.types import View
from ivlm_policies.ivlm.viewing.views import own_views


class Looking:
    """Remembers the last views that were looked at; all stages of one answer share it."""

    def __init__(self, *, guess: bool) -> None:
        self._guess = guess
        self._views: tuple[View, ...] = ()
        self._seen: Seen | None = None

    def see(self, views: tuple[View, ...]) -> Seen | None:
        """Return what the cameras' own views show; None without depth where none is guessed."""
        own = own_views(views)
        if len(own) != len(self._views) or any(
            a is not b for a, b in zip(own, self._views, strict=True)
        ):
            has_depth = any(view.depth_m is not None for view in own)
            self._seen = see(own) if has_depth or self._guess else None
            self._views = own
        return self._seen

    def forget(self) -> None:
        """Drop what was seen."""
        self._views, self._seen = (), None
