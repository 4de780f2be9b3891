"""What can be set about the model; light, since every command reads the settings and few speak to a model."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr, field_validator

SMALLEST_WINDOW = 256
"""Tokens. A smaller window holds no conversation; a proxy that tells a smaller one does not mean it."""


class ModelSettings(BaseModel):
    """Which model answers, where, and within which bounds."""

    api_base: str = Field(description="LiteLLM's address, with or without /v1")
    api_key: SecretStr = Field(default=SecretStr("none"), description="a key of the proxy")
    name: str = Field(min_length=1, description="the model's name at the proxy")
    timeout: float = Field(default=120, gt=0, description="seconds without a byte until a request is given up")
    call_timeout: float = Field(default=600, gt=0, description="seconds until an answer must be complete")
    retries: int = Field(default=5, ge=0, description="how often a call is repeated after a fault that passes")
    retry_seconds: float = Field(
        default=180, ge=0, description="seconds after the first attempt in which another one may begin"
    )
    window_tokens: int | None = Field(
        default=None,
        ge=SMALLEST_WINDOW,
        description="tokens that a request and its answer may hold, at most what the proxy tells of the model",
    )
    step_limit: int = Field(default=25, ge=1, description="model calls in one turn")

    @field_validator("api_base")
    @classmethod
    def _with_v1(cls, value: str) -> str:
        address = value.strip().rstrip("/")
        if not address.startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return address if address.endswith("/v1") else f"{address}/v1"
