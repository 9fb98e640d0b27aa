"""A voice assistant that hears how something is said: one call to the service for each utterance.

    python scripts/serve.py --port 8000                 # in one terminal
    python docs/examples/assistant.py utterance.wav     # in another; needs nothing but Python

`SER_SERVICE` is the service's address (default: http://127.0.0.1:8000), `SER_API_KEY` its key, if it has one.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

SERVICE = os.environ.get("SER_SERVICE", "http://127.0.0.1:8000")
ATTEMPTS = 3


class ServiceError(Exception):
    """The service gave no answer; its sentence says why."""


def emotion_of(utterance: bytes) -> dict[str, Any]:
    """Return what the service says of a sound file (wav, flac, ogg, mp3, webm, m4a ...)."""
    boundary = uuid.uuid4().hex
    before = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="utterance"\r\n\r\n'.encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    if key := os.environ.get("SER_API_KEY"):
        headers["X-API-Key"] = key
    body = before + utterance + f"\r\n--{boundary}--\r\n".encode()
    for attempt in range(ATTEMPTS):
        request = urllib.request.Request(f"{SERVICE}/v1/predict", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or attempt == ATTEMPTS - 1:
                raise ServiceError(_sentence(error)) from error
            time.sleep(float(error.headers.get("Retry-After", 1)))
        except TimeoutError as error:
            raise ServiceError(f"The service at {SERVICE} took over 30 s: try again later.") from error
        except urllib.error.URLError as error:
            raise ServiceError(f"No service answers at {SERVICE}: start it with scripts/serve.py.") from error
    raise AssertionError("the last attempt returns or raises")


def _sentence(error: urllib.error.HTTPError) -> str:
    """Return what the service says is wrong; a proxy before it may answer with something else."""
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"Something before the service answers with {error.code} {error.reason}: look there."


def tone_for(answer: dict[str, Any]) -> str:
    """Return in which tone the assistant should reply; it takes an unsure answer for none."""
    if answer["emotion"] is None or not answer["sure"]:
        return "as usual"
    if answer["negative_high_arousal"] > 0.5:
        return "calm and brief, and offer a person to talk to"
    return {"sad": "gentle", "happy": "cheerful"}.get(answer["emotion"], "as usual")


def main() -> int:
    """Say in which tone to reply to each file."""
    for path in sys.argv[1:]:
        try:
            answer = emotion_of(Path(path).read_bytes())
        except (ServiceError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        heard = f"{answer['emotion']} ({answer['confidence']:.0%})" if answer["emotion"] else "no emotion named"
        print(f"{path}: {heard}; reply {tone_for(answer)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
