"""The shapes of answers, as OpenAPI tells them to programs and people."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
# Derived from the classes; null where no emotion is named.
_Valence = Annotated[float | None, Field(ge=-1, le=1, description="unpleasant (-1) to pleasant (1), from the classes")]
_Arousal = Annotated[float | None, Field(ge=-1, le=1, description="quiet (-1) to excited (1), from the classes")]
_Upset = Annotated[float | None, Field(ge=0, le=1, description="how far the voice is upset or under stress")]

_AFFECT = {"valence": -0.48, "arousal": 0.41, "negative_high_arousal": 0.63}
_SHARES = {
    "neutral": 0.09, "calm": 0.01, "happy": 0.05, "sad": 0.02, "angry": 0.71, "fearful": 0.03, "disgust": 0.06,
    "surprised": 0.03,
}  # fmt: skip
PREDICTION_EXAMPLE: dict[str, Any] = {
    "path": "voice.wav", "emotion": "angry", "confidence": 0.71, "sure": True, "candidates": ["angry"],
    "probabilities": _SHARES, "duration_s": 2.8, "model": "lite", "warnings": [], **_AFFECT,
}  # fmt: skip
_ID = "q4ZQ1mJ0T2mQz6m3Vd8aHA"
JOB_EXAMPLE: dict[str, Any] = {
    "id": _ID, "state": "running", "progress": 0.4, "done_s": 240, "duration_s": 600, "problem": None, "result": None,
}  # fmt: skip


class PredictionAnswer(BaseModel):
    """What a model says of a recording."""

    model_config = ConfigDict(json_schema_extra={"examples": [PREDICTION_EXAMPLE]})
    path: str | None = Field(description="the file's name as it was sent; it is kept nowhere")
    emotion: str | None = Field(description="the likeliest class; null where the recording cannot carry an answer")
    confidence: Share = Field(description="its calibrated probability")
    sure: bool = Field(description="whether the confidence reaches the model's threshold")
    candidates: list[str] = Field(description="the classes that hold the true one as often as the model promises")
    probabilities: dict[str, Share] = Field(description="of all classes")
    duration_s: float = Field(ge=0, description="length of the recording in seconds")
    model: str = Field(description="the model that answered")
    warnings: list[str] = Field(description="sentences about the recording, for a person")
    valence: _Valence
    arousal: _Arousal
    negative_high_arousal: _Upset


class SegmentAnswer(BaseModel):
    """What is heard in a stretch of a recording; times in seconds."""

    start_s: float
    end_s: float
    emotion: str
    confidence: Share
    probabilities: dict[str, Share]
    valence: _Valence
    arousal: _Arousal
    negative_high_arousal: _Upset


class TimelineAnswer(BaseModel):
    """A recording judged about every 1.5 seconds of speech."""

    name: str | None = Field(description="the file's name as it was sent")
    duration_s: float
    model: str
    speech: list[tuple[float, float]] = Field(description="where somebody speaks, in seconds")
    segments: list[SegmentAnswer] = Field(description="in order, without overlap; nothing where nobody speaks")
    summary: dict[str, Any] = Field(description="shares of speech time, strongest moments, turning points, courses")


class JobAnswer(BaseModel):
    """A timeline on its way."""

    model_config = ConfigDict(json_schema_extra={"examples": [JOB_EXAMPLE]})
    id: str = Field(description="who knows it may see and delete the job; nobody can guess it")
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: Share
    done_s: float = Field(description="seconds of the recording that were read")
    duration_s: float = Field(description="seconds in all; 0 as long as unknown")
    problem: dict[str, Any] | None = Field(description="why it failed, as in an error's answer")
    result: TimelineAnswer | None = Field(description="once it is done")


class ModelAnswer(BaseModel):
    """A model that can be named in requests."""

    name: str
    title: str
    description: str
    labels: list[str] = Field(description="its classes")
    default: bool = Field(description="whether it answers where no model is named")
    loaded: bool = Field(description="whether it is in memory; the first request to another one takes seconds longer")
    encoders: list[str] = Field(description="the pretrained encoders that must be on the service's machine")
    threshold: Share = Field(description="from this confidence on an answer is sure")
    set_level: Share | None = Field(description="how often the candidates hold the true emotion")
    licence: str
    limits: list[str] = Field(description="what it is not for")
    bytes: int = Field(description="size of its weights")


class ModelsAnswer(BaseModel):
    """All models."""

    models: list[ModelAnswer]


class HealthAnswer(BaseModel):
    """That the process lives."""

    status: Literal["alive"] = "alive"


class ReadyAnswer(BaseModel):
    """That the default model is loaded."""

    status: Literal["ready"] = "ready"
    model: str


#: The form that uploads come in, for OpenAPI: FastAPI's own reading of forms would write them to the disk.
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "wav, flac, ogg, opus, mp3, aiff, webm, m4a or mp4",
                        },
                        "model": {
                            "type": "string",
                            "maxLength": 200,
                            "description": "a name of GET /v1/models; without it the default model answers",
                        },
                    },
                },
                "example": {"file": "(the bytes of voice.wav)", "model": "lite"},
            }
        },
    }
}
