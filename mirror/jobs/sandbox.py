"""Runs a command that sees a folder of its own as ``/opt/ml``, as a SageMaker container does.

This file is a program of its own (standard library only), started as

    python -I -S sandbox.py FOLDER WORKDIR COMMAND...

It enters a private mount namespace, binds FOLDER to ``/opt/ml`` and becomes COMMAND. With exit code
125 and a message on stderr the system did not allow it, and COMMAND did not start.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

MOUNT_POINT = Path("/opt/ml")
NOT_ALLOWED = 125

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Mount, then become the command; returns only by an exception."""
    folder, workdir, *command = argv
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _unshare(libc)
        _mount(libc, None, "/", None, _MS_REC | _MS_PRIVATE)
        if not MOUNT_POINT.is_dir():
            _add_mount_point(libc, Path(folder).parent / "opt")
        _mount(libc, folder, str(MOUNT_POINT), None, _MS_BIND | _MS_REC)
    except OSError as error:
        print(f"no private /opt/ml here: {error}", file=sys.stderr)
        sys.exit(NOT_ALLOWED)
    # Changing namespaces cleared the order to die with the mirror: give it again.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the mirror is gone")
    os.chdir(workdir)
    os.execvp(command[0], command)  # noqa: S606 - there is no shell to want


def _unshare(libc: ctypes.CDLL) -> None:
    """A mount namespace; inside a user namespace of its own when the caller may not mount."""
    if libc.unshare(_CLONE_NEWNS) == 0:
        return
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNS | _CLONE_NEWUSER) != 0:
        raise _last_error("unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def _add_mount_point(libc: ctypes.CDLL, original: Path) -> None:
    """Cover ``/opt`` by a copy of itself made of mounts, to which ``ml`` can be added.

    Args:
        original: an existing parent's new folder, which keeps the real ``/opt`` reachable.
    """
    original.mkdir(exist_ok=True)
    opt = MOUNT_POINT.parent
    _mount(libc, str(opt), str(original), None, _MS_BIND | _MS_REC)
    _mount(libc, "tmpfs", str(opt), b"tmpfs", 0)
    for entry in original.iterdir():
        target = opt / entry.name
        if entry.is_symlink():
            target.symlink_to(entry.readlink())
            continue
        if entry.is_dir():
            target.mkdir()
        else:
            target.touch()
        _mount(libc, str(entry), str(target), None, _MS_BIND | _MS_REC)
    MOUNT_POINT.mkdir()


def _mount(libc: ctypes.CDLL, source: str | None, target: str, kind: bytes | None, flags: int) -> None:
    encoded = source.encode() if source else None
    if libc.mount(encoded, target.encode(), kind, ctypes.c_ulong(flags), None) != 0:
        raise _last_error(f"mount on {target}")


def _last_error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
