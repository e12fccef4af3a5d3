"""The servers' jars: pinned to the byte, and downloaded into the user's cache."""

import errno
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from jgo.config import GlobalSettings
from jgo.maven import MavenContext, PythonResolver

from services.local.errors import DownloadFailed
from services.local.progress import Report, Step

# Enough to hide the latency of a hundred small files, few enough to be a polite guest.
DOWNLOADS_AT_ONCE = 6
TIMEOUT_SECONDS = 30
# Of a full or read-only disk, as against a network that is away (which has no number here).
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of ``jars.lock``: a jar of one server, its size in bytes and its SHA-256."""

    server: str
    coordinate: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def path(self, cache: Path) -> Path:
        """Where the jar is in a cache, once fetched: as in any Maven repository."""
        group, artifact, version = self.coordinate.split(":")
        return cache.joinpath("maven", *group.split("."), artifact, version, self.name)

    def present(self, cache: Path) -> bool:
        """True if a file of the right size is there; its bytes were compared when it came."""
        try:
            return self.path(cache).stat().st_size == self.size
        except OSError:
            return False


def read_lock(lock: Path) -> list[Jar]:
    """Read every jar of every server from the lock file (see ``services.local.java.pinning``)."""
    lines = (line.split() for line in lock.read_text(encoding="utf-8").splitlines())
    return [
        Jar(server, coordinate, int(size), sha256)
        for server, coordinate, size, sha256 in (line for line in lines if line and line[0] != "#")
    ]


def fetch_jars(jars: Sequence[Jar], cache: Path, report: Report) -> None:
    """Download every jar that the cache lacks, and check its bytes. Hold the cache's lock for it.

    What an interrupted fetch left is compared too, and kept if it is whole.

    :raises DownloadFailed: no network, no room, or the wrong bytes.
    """
    # Two servers share some jars.
    wanted = list({jar.coordinate: jar for jar in jars}.values())
    progress = _DownloadProgress(sum(jar.size for jar in wanted), report)
    with ThreadPoolExecutor(DOWNLOADS_AT_ONCE, thread_name_prefix="jars") as pool:
        try:
            for future in as_completed(
                [pool.submit(_ensure_jar, j, cache, progress) for j in wanted]
            ):
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@dataclass(slots=True)
class _DownloadProgress:
    """The bytes of all downloads together. Thread-safe."""

    total: int
    report: Report
    done: int = 0
    lock: Lock = field(default_factory=Lock)

    def add(self, count: int) -> None:
        with self.lock:
            self.done += count
            self.report(Step("Downloading Kafka and Elasticsearch", self.done, self.total))

    @contextmanager
    def watch(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        """What jgo calls as a download moves on."""
        yield self.add


def _ensure_jar(jar: Jar, cache: Path, progress: _DownloadProgress) -> None:
    path = jar.path(cache)
    if path.exists():
        if _digest(path) == jar.sha256:
            progress.add(jar.size)
            return
        path.unlink()
    try:
        _download(jar, cache, progress)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise DownloadFailed(
                f"{cache} cannot be written: {error.strerror}.",
                "Set NEWSLINE_CACHE to a folder of yours with 300 MB of room.",
            ) from error
        raise DownloadFailed(
            f"{jar.name} could not be downloaded: {type(error).__name__}.",
            "The first start needs the network (about 90 MB from Maven's central repository);"
            " later ones do not. What has come so far is kept.",
        ) from error
    except RuntimeError as error:
        raise DownloadFailed(
            f"{jar.name} was refused by the repository.", "Try again later."
        ) from error
    if _digest(path) != jar.sha256:
        path.unlink()
        raise DownloadFailed(
            f"{jar.name} came damaged: its bytes are not the pinned ones.",
            "Try again; if it happens again, something between here and the repository alters it.",
        )


def _download(jar: Jar, cache: Path, progress: _DownloadProgress) -> None:
    group, artifact, version = jar.coordinate.split(":")
    maven = MavenContext(
        resolver=PythonResolver(progress_callback=progress.watch),
        repo_cache=cache / "maven",
        # A company's mirror, if jgo is configured for one; None is Maven's central repository.
        remote_repos=GlobalSettings.load().repositories or None,
        timeout=TIMEOUT_SECONDS,
    )
    maven.project(group, artifact).at_version(version).artifact().resolve()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
