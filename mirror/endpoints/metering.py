"""What the endpoints of a mirror measure of their invocations, as CloudWatch calls it."""

from __future__ import annotations

import threading

from mirror.monitoring.series import Summary


class Meter:
    """Counts the invocations of one variant until it is drained. May be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clear()

    def note(self, status: int, model_us: float, overhead_us: float) -> None:
        """An invocation ended.

        Args:
            status: what the container answered; 0 when it did not.
            model_us: until its whole answer was there.
            overhead_us: what the service added.
        """
        with self._lock:
            self._client_errors.append(float(400 <= status < 500))
            self._server_errors.append(float(status >= 500 or status == 0))
            self._model_errors.append(float(not 200 <= status < 300))
            self._model_us.append(model_us)
            self._overhead_us.append(overhead_us)

    def drain(self) -> dict[str, Summary]:
        """Metrics of the invocations since the last call, by name; empty when there were none."""
        with self._lock:
            if not self._model_us:
                return {}
            found = {
                "Invocations": [1.0] * len(self._model_us),
                "Invocation4XXErrors": self._client_errors,
                "Invocation5XXErrors": self._server_errors,
                "InvocationModelErrors": self._model_errors,
                "ModelLatency": self._model_us,
                "OverheadLatency": self._overhead_us,
            }
            self._clear()
        return {name: Summary.of(values) for name, values in found.items()}

    def _clear(self) -> None:
        self._client_errors: list[float] = []
        self._server_errors: list[float] = []
        self._model_errors: list[float] = []
        self._model_us: list[float] = []
        self._overhead_us: list[float] = []
