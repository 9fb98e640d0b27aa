"""Settings, each from an environment variable `SER_<NAME>`; the defaults suit a laptop."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ser_core.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Where things lie and how large an input may be. Read afresh by :func:`settings`."""

    model_config = SettingsConfigDict(env_prefix="SER_", extra="ignore", env_ignore_empty=True)

    data: Path = Field(PROJECT / "data", description="folder holding cremad/, ravdess/, savee/, tess/")
    encoders: Path | None = Field(None, description="folder of local pretrained encoders")
    runs: Path = Field(PROJECT / "runs", description="folder where trainings are kept")
    models: Path | None = Field(None, description="folder of extra bundles")
    cache: Path = Field(PROJECT / ".cache", description="folder for computed features")
    max_seconds: float = Field(3600.0, gt=0, allow_inf_nan=False, description="longest recording accepted, in seconds")
    max_hours: float = Field(
        24.0, gt=0, allow_inf_nan=False, description="longest recording read as a stream, in hours"
    )
    max_megabytes: float = Field(200.0, gt=0, allow_inf_nan=False, description="largest file accepted, in megabytes")

    @property
    def own_models(self) -> Path:
        """Where models made here are kept: the folder of extra bundles, or one beside the trainings."""
        return self.models or self.runs / "bundles"

    @field_validator("data", "encoders", "runs", "models", "cache")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path is not None else None


def settings() -> Settings:
    """Return the settings as the environment has them now.

    Raises
    ------
    SettingsError
        Naming the variable that holds something unusable.
    """
    # Reading them takes longer than many a feature of a clip: only when a variable has changed.
    return _read(tuple((name, value) for name, value in os.environ.items() if name.upper().startswith("SER_")))


@functools.lru_cache(maxsize=8)
def _read(environment: tuple[tuple[str, str], ...]) -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = f"SER_{str(first['loc'][0]).upper()}"
        raise SettingsError(f"The setting {variable} is '{first['input']}', but {first['msg'].lower()}.") from error
