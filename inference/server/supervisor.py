"""Keeps workers alive and gives them connections, so that the death of one costs no client its answer.

The supervisor accepts every connection, hands it to a worker and keeps a descriptor of its own. When a
worker dies, its idle connections and the requests it has not begun to read go to another worker; what it
had begun is answered with 503, which a client may safely repeat.

Workers are forked after the model is loaded and warm. One more than needed waits, started, for the first
that dies.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from inference.server import arrived, handover
from inference.server.board import ANSWERING, BEGUN, IDLE, MOST_CONNECTIONS, Board
from inference.server.companion import Companion
from inference.server.connection import JSON, response
from inference.server.errors import RefusedError

DRAIN_SECONDS = 30
_HUNG_S = 5.0
_PART_S = 2.0
_TICK_S = 0.25
_BACKLOG = 4096
_MOST_FAILED_STARTS = 5

_GONE = RefusedError(503, None, "the server is restarting: send the request again", retry_after_s=1)
_FULL = RefusedError(503, None, "too many connections: try again later", retry_after_s=1, close=True)

log = logging.getLogger("inference")

RunWorker = Callable[[int, socket.socket], int]
"""What a worker does: its number, its end of the channel; returns the exit code of its process."""


class StartError(Exception):
    """The workers do not start."""


@dataclass
class _Worker:
    number: int
    pid: int
    channel: socket.socket
    ready: bool = False
    serves: bool = False
    connections: set[int] = field(default_factory=set)


class Supervisor:
    """Runs `workers` processes and one in reserve until SIGTERM.

    Args:
        address: where to listen; only when the first workers are ready.
        run_worker: called in each worker's process.
        companions: processes that run beside the workers and end after them.
    """

    def __init__(
        self,
        address: tuple[str, int],
        workers: int,
        board: Board,
        run_worker: RunWorker,
        companions: list[Companion],
    ) -> None:
        self._address, self._count, self._board = address, workers, board
        self._run_worker, self._companions = run_worker, companions
        self._selector = selectors.DefaultSelector()
        self._workers: dict[int, _Worker] = {}  # by number; those above `workers` included
        self._connections: dict[int, tuple[socket.socket, int]] = {}  # by slot, with the worker's number
        self._free = list(range(MOST_CONNECTIONS - 1, -1, -1))
        self._waiting: list[int] = []  # slots whose connection no worker could take yet
        self._parting: dict[int, float] = {}  # slots of clients that were told to come again, until when
        self._listener: socket.socket | None = None
        self._stopping = False
        self._failed_starts = 0
        self._wake_reader, self._wake_writer = socket.socketpair()

    def run(self) -> int:
        """Serve until SIGTERM; returns the exit code."""
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, self._stop)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._on_wake)
        for companion in self._companions:
            companion.start()
        for number in range(self._count + 1):
            self._fork(number)
        try:
            while not self._stopping:
                for key, _ in self._selector.select(_TICK_S):
                    key.data()
                self._tend()
        except StartError as error:
            log.critical("not starting: %s", error)
            self._kill()
            return 1
        self._drain()
        return 0

    # ---- workers

    def _fork(self, number: int) -> None:
        ours, theirs = handover.channel()
        self._board.beats[number] = time.monotonic()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                self._become_worker(ours)
                code = self._run_worker(number, theirs)
            except BaseException:
                log.exception("worker %d failed", number)
            finally:
                os._exit(code)
        theirs.close()
        worker = _Worker(number, pid, ours)
        self._workers[number] = worker
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._on_message(worker))

    def _become_worker(self, ours: socket.socket) -> None:
        """Drop what belongs to the supervisor alone."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the supervisor says when to drain
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._selector.close()
        ours.close()
        for worker in self._workers.values():
            worker.channel.close()
        if self._listener is not None:
            self._listener.close()
        for connection, _ in self._connections.values():
            connection.close()

    def _on_message(self, worker: _Worker) -> None:
        while True:
            try:
                message = worker.channel.recv(16)
            except (BlockingIOError, OSError):
                return
            if not message:
                return  # its death is seen by SIGCHLD
            if message == handover.READY:
                self._failed_starts = 0
                worker.ready = True
                self._listen()
                self._give_waiting()
            else:
                self._release(handover.slot_of(message))

    def _on_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass
        self._reap()

    def _reap(self) -> None:
        for worker in list(self._workers.values()):
            found, status = os.waitpid(worker.pid, os.WNOHANG)
            if found:
                self._bury(worker, os.waitstatus_to_exitcode(status))

    def _bury(self, worker: _Worker, code: int) -> None:
        if not self._stopping:
            log.error("worker %d ended (%d)", worker.number, code)
        # What it said before it died: which connections it had closed.
        self._on_message(worker)
        self._selector.unregister(worker.channel)
        worker.channel.close()
        del self._workers[worker.number]
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_FAILED_STARTS:
                raise StartError(f"workers ended {self._failed_starts} times before they were ready")
        if not self._stopping:
            self._fork(worker.number)
        for slot in worker.connections:
            self._rescue(slot)

    def _rescue(self, slot: int) -> None:
        """Save a connection of a worker that died."""
        connection, _ = self._connections[slot]
        try:
            unread = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            unread = None
        except OSError:
            unread = b""
        state = self._board.busy[slot]
        if unread == b"" or state == ANSWERING:  # whatever followed a part of an answer would be taken for it
            self._release(slot)
        elif state == BEGUN or arrived.lost(connection, self._board.taken[slot]):
            self._part(slot)
        else:
            self._waiting.append(slot)
            self._give_waiting()

    def _tend(self) -> None:
        """End workers that hang; give connections that wait; start companions that ended."""
        now = time.monotonic()
        for worker in self._workers.values():
            if worker.ready and now - self._board.beats[worker.number] > _HUNG_S:
                log.error("worker %d hangs: killed", worker.number)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGKILL)
        self._reap()
        self._give_waiting()
        self._end_partings()
        for companion in self._companions:
            companion.tend()

    # ---- connections

    def _listen(self) -> None:
        """Listen once as many workers as are wanted are ready: before, `/ping` must not succeed."""
        if self._listener is not None or sum(w.ready for w in self._workers.values()) < self._count:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(self._address)
        except OSError as error:
            host, port = self._address
            raise StartError(f"{host}:{port}: {error.strerror}") from error
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        log.info("listening on %s:%s", *self._address)

    def _accept(self) -> None:
        assert self._listener is not None
        for _ in range(256):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # out of descriptors, or the client has gone
                log.error("accepting failed: %s", error.strerror)
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._free:
                with contextlib.suppress(OSError):
                    connection.send(response(_FULL.status, JSON, _FULL.body, _FULL.headers, close=True))
                connection.close()
                continue
            slot = self._free.pop()
            self._board.busy[slot] = IDLE
            self._board.taken[slot] = 0
            self._connections[slot] = (connection, -1)
            self._give(slot)

    def _give(self, slot: int) -> None:
        connection, _ = self._connections[slot]
        for worker in sorted(self._serving(), key=lambda worker: len(worker.connections)):
            try:
                handover.give(worker.channel, slot, connection)
            except OSError:
                continue
            worker.serves = True
            worker.connections.add(slot)
            self._connections[slot] = (connection, worker.number)
            return
        self._waiting.append(slot)

    def _serving(self) -> list[_Worker]:
        """The workers that take connections: as many as are wanted, of those that are ready."""
        ready = [worker for worker in self._workers.values() if worker.ready]
        # Those that served before: their caches are warm, and they know which third parties to leave alone.
        ready.sort(key=lambda worker: (not worker.serves, worker.number))
        return ready[: self._count]

    def _give_waiting(self) -> None:
        if self._waiting and any(worker.ready for worker in self._workers.values()):
            waiting, self._waiting = self._waiting, []
            for slot in waiting:
                self._give(slot)

    def _part(self, slot: int) -> None:
        """Tell the client of a request that was begun to come again, and listen until it closes.

        The answer may have been sent just before the worker died, and the client may send its next request
        at this moment. A closed socket would reset the connection, and the client would lose what it has not
        read yet; so it reads the refusal as the answer to that request, which nobody has begun.
        """
        connection, _ = self._connections[slot]
        try:
            connection.send(
                response(_GONE.status, JSON, _GONE.body, _GONE.headers, close=True), socket.MSG_DONTWAIT
            )
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._release(slot)
            return
        self._parting[slot] = time.monotonic() + _PART_S
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._on_parting(slot))

    def _on_parting(self, slot: int) -> None:
        connection, _ = self._connections[slot]
        with contextlib.suppress(BlockingIOError):
            try:
                if connection.recv(65_536):  # the rest at the next look: others wait too
                    return
            except ConnectionError:
                pass
            self._release(slot)

    def _end_partings(self) -> None:
        now = time.monotonic()
        for slot in [slot for slot, deadline in self._parting.items() if now > deadline]:
            self._release(slot)

    def _release(self, slot: int) -> None:
        connection, number = self._connections.pop(slot, (None, -1))
        if connection is None:
            return
        if self._parting.pop(slot, None) is not None:
            self._selector.unregister(connection)
        connection.close()
        worker = self._workers.get(number)
        if worker is not None:
            worker.connections.discard(slot)
        self._free.append(slot)

    # ---- the end

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _drain(self) -> None:
        """Let workers finish what was begun, then the companions."""
        log.info("stopping: finishing what was begun")
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
        for worker in self._workers.values():
            with contextlib.suppress(OSError):
                worker.channel.send(handover.DRAIN)
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._workers and time.monotonic() < deadline:
            for key, _ in self._selector.select(0.05):
                key.data()
            self._reap()
        self._kill()
        for companion in self._companions:
            companion.stop()
        log.info("stopped")

    def _kill(self) -> None:
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
        self._workers.clear()
