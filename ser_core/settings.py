"""Settings, each from an environment variable `SER_<NAME>`; the defaults suit a laptop."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where things lie and how large an input may be. Read afresh by :func:`settings`."""

    model_config = SettingsConfigDict(env_prefix="SER_", extra="ignore")

    data: Path = Field(PROJECT / "data", description="folder holding cremad/, ravdess/, savee/, tess/")
    encoders: Path | None = Field(None, description="folder of local pretrained encoders")
    runs: Path = Field(PROJECT / "runs", description="folder where trainings are kept")
    models: Path | None = Field(None, description="folder of extra bundles")
    cache: Path = Field(PROJECT / ".cache", description="folder for computed features")
    max_seconds: float = Field(3600.0, gt=0, description="longest recording accepted, in seconds")
    max_megabytes: float = Field(200.0, gt=0, description="largest file accepted, in megabytes")


def settings() -> Settings:
    """Return the settings as the environment has them now."""
    return Settings()  # type: ignore[call-arg]
