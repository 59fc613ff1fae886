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
    """Parameters of the reasoner ``vlm``, whose class tells what each means."""

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
