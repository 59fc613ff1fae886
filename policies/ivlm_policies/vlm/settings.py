"""What can be set of a model behind HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ivlm_bench.errors import ConfigError
from ivlm_policies.vlm.keys import check_url
from ivlm_policies.vlm.letterbox import check_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Parameters of the reasoner, each a keyword of its constructor.

    ``base_url``: address of an OpenAI-compatible server, up to ``/v1``. ``model``: the model's id
    as the server knows it. ``dialect``: how it points; what its id tells if left out. ``key_env``:
    environment variable that holds the server's key. ``side_px``: side of the square picture that
    it sees. ``max_views``: views that it is asked about, the first ones. ``temperature``: 0 for the
    likeliest words. ``max_tokens``: length of an answer; models that think first need thousands.
    ``timeout_s``: longest wait for one reply. ``retries``: further tries of a request that failed
    in a way that may pass. ``in_flight``: requests at the same time. ``cache``: whether answers
    are kept and read again. ``max_cost``: most that one run may spend, in the currency of
    ``price_in`` and ``price_out``, which are prices of a million tokens read and written.
    ``extra``: further fields of each request, as JSON; null takes one away.
    """

    base_url: str
    model: str
    dialect: str | None = None
    key_env: str | None = None
    side_px: int | None = None
    max_views: int | None = None
    temperature: float = 0.0
    max_tokens: int = 512
    timeout_s: float | None = None
    retries: int = 8
    in_flight: int = 8
    cache: bool = True
    max_cost: float | None = None
    price_in: float | None = None
    price_out: float | None = None
    extra: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", check_url(self.base_url))
        check_side(self.side_px)
        if not self.model.strip():
            raise ConfigError("model is empty; give the id that the server knows it by.")
        limits: dict[str, float] = {"max_views": 1, "max_tokens": 1, "retries": 0, "in_flight": 1}
        limits |= {"temperature": 0, "max_cost": 0, "price_in": 0, "price_out": 0, "timeout_s": 0.1}
        for name, least in limits.items():
            value = getattr(self, name)
            if value is not None and not least <= value < float("inf"):
                raise ConfigError(f"{name} is {value:g}; a number of at least {least:g} is needed.")
        if self.max_cost is not None and (self.price_in is None or self.price_out is None):
            raise ConfigError(
                "max_cost needs the prices of a million tokens; add -P price_in=PRICE and "
                "-P price_out=PRICE."
            )
        self.options(0)

    def options(self, seed: int) -> dict[str, Any]:
        """Return the fields of a request that decide its answer; a seed only where it samples."""
        options: dict[str, Any] = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }
        if self.temperature > 0.0:
            options["seed"] = seed
        options |= self._extra()
        return {name: value for name, value in options.items() if value is not None}

    def _extra(self) -> dict[str, Any]:
        try:
            extra = json.loads(self.extra or "{}")
        except (ValueError, RecursionError):
            extra = None
        if not isinstance(extra, dict) or {"model", "messages", "stream"} & set(extra):
            raise ConfigError(
                "extra is no JSON object of further fields (model, messages and stream are set "
                """already); write it as -P extra='{"reasoning_effort": "low"}'."""
            )
        return extra
