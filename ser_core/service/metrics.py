"""What the service counts, for Prometheus: numbers of requests, times and loads, nothing of any recording."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        route = ("method", "route", "status")
        self.requests = Counter("ser_http_requests", "Requests answered", route, registry=self._registry)
        self.seconds = Histogram(
            "ser_http_seconds", "Time to answer a request", ("route",), buckets=_SECONDS, registry=self._registry
        )
        self.refused = Counter(
            "ser_refused", "Requests refused, by kind of problem", ("kind",), registry=self._registry
        )
        self.predictions = Counter("ser_predictions", "Recordings judged", ("model",), registry=self._registry)
        self.heard_s = Counter("ser_audio_seconds", "Length of the recordings judged", registry=self._registry)
        self.timelines = Counter("ser_timelines", "Timelines ended, by state", ("state",), registry=self._registry)
        self.readings = Counter("ser_stream_readings", "Readings sent to streams", registry=self._registry)
        self.streams = Gauge("ser_streams", "Streams that are open", registry=self._registry)

    def watch(self, name: str, help_text: str, value: Callable[[], float]) -> None:
        """Add a number that is asked for when somebody looks."""
        Gauge(name, help_text, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
