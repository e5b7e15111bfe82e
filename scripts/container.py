#!/usr/bin/env python3
"""Tries a Containerfile of ours without a container engine: its steps run in bare Debian roots, then the service starts
from the last one as it would in a container (a network and a list of processes of its own, process 1, not root), with the
configuration in deploy/ and mcias-dev beside it, is asked for its health as HEALTHCHECK says, and is ended by STOPSIGNAL. Called by
`./dev container`, as root. The roots are removed afterwards."""

import argparse
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASES = {"debian:12", "debian:12-slim"}  # the second leaves out documentation only
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 90  # seconds that a service may take to end


class Failure(Exception):
    """Something the person at the terminal should read; ends the run with exit code 1."""


def say(text):
    print(f"==> container: {text}", flush=True)


def check(condition, what):
    if not condition:
        raise Failure(f"not so: {what}")
    print(f"    ok: {what}", flush=True)


# --- what the file says -----------------------------------------------------------------------------------------------
@dataclasses.dataclass
class Stage:
    base: str
    name: str
    steps: list = dataclasses.field(default_factory=list)  # of (instruction, rest of its line)


def stages_of(text):
    """The stages of a Containerfile. Lines that begin with '#' are comments, within a step as well."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    stages = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        word, rest = line.split(maxsplit=1)
        if word == "FROM":
            found = re.fullmatch(r"(\S+)(?: AS (\S+))?", rest.strip())
            if not found or found[1] not in BASES:
                raise Failure(f"FROM {rest}: want one of {', '.join(sorted(BASES))}")
            stages.append(Stage(base=found[1], name=found[2] or str(len(stages))))
        elif not stages:
            raise Failure(f"{word} before the first FROM")
        else:
            stages[-1].steps.append((word, rest.strip()))
    return stages


def ignored_in(context):
    """What stays out of a COPY, for shutil.copytree: the paths that .dockerignore names, "**/" in front for any depth."""
    file = context / ".dockerignore"
    lines = file.read_text().splitlines() if file.exists() else []
    patterns = [line.strip().rstrip("/") for line in lines if line.strip() and not line.startswith("#")]
    for pattern in patterns:
        if pattern.startswith("!") or "*" in pattern.removeprefix("**/"):
            raise Failure(f"{file}: {pattern}: this script reads plain paths, with or without **/ in front")

    def ignored(folder, names):
        below = pathlib.Path(folder).relative_to(context)
        return [name for name in names
                if any(name == pattern[3:] if pattern.startswith("**/") else fnmatch.fnmatchcase(str(below / name), pattern)
                       for pattern in patterns)]

    return ignored


# --- an image ---------------------------------------------------------------------------------------------------------
class Image:
    """A stage as a folder that one can chroot into, and how its processes start."""

    def __init__(self, folder):
        self.folder, self.workdir, self.user = folder, "/", None
        self.command = {"ENTRYPOINT": [], "CMD": []}
        self.health, self.start_period, self.stop_signal = None, 0, signal.SIGTERM
        self.volumes = []
        self.environment = {"PATH": PATH, "HOME": "/root"}
        self.mounts = []

    def inside(self, path):
        """A path of the image as one of this machine."""
        return self.folder / str(pathlib.PurePosixPath(self.workdir, path)).lstrip("/")

    def ids(self):
        """User and group that processes run as."""
        for line in (self.folder / "etc/passwd").read_text().splitlines():
            name, _, uid, gid = line.split(":")[:4]
            if self.user in (name, uid):
                return int(uid), int(gid)
        if self.user is not None:
            raise Failure(f"USER {self.user}: no such account in the image")
        return 0, 0

    def argv(self, command):
        """The command as a process of the image."""
        uid, gid = self.ids()
        environment = [f"{key}={value}" for key, value in self.environment.items()]
        return ["env", "-i", *environment, "chroot", f"--userspec={uid}:{gid}", "--groups=", str(self.folder),
                "/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", self.workdir, *command]

    def run(self, command):
        say(command[2] if command[:2] == ["/bin/sh", "-c"] else shlex.join(command))
        done = subprocess.run(self.argv(command), stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failure(f"ended with {done.returncode}")

    def bind(self, source, target):
        inside = self.inside(target)
        inside.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", str(source), str(inside)], check=True)
        self.mounts.append(inside)

    def unmount(self):
        while self.mounts:
            subprocess.run(["umount", str(self.mounts.pop())], check=False)


class Build:
    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        self.contexts = dict(arguments.build_context)
        self.images = {}

    def make(self, stage):
        folder = self.scratch / stage.name
        folder.mkdir()
        self.images[stage.name] = image = Image(folder)
        say(f"FROM {stage.base}, as {stage.name}")
        subprocess.run([ROOT / "scripts/debian_root.sh", "make", folder], check=True)
        for word, rest in stage.steps:
            self.step(image, word, rest)
        return image

    def step(self, image, word, rest):
        if word == "RUN":
            image.run(["/bin/sh", "-c", rest])
        elif word == "COPY":
            self.copy(image, shlex.split(rest))
        elif word == "WORKDIR":
            image.workdir = str(pathlib.PurePosixPath(image.workdir, rest))
            image.inside(".").mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            image.user = rest
            image.environment["HOME"] = "/"
        elif word == "HEALTHCHECK":
            options, _, command = rest.partition("CMD ")
            image.health = json.loads(command)
            image.start_period = int(re.search(r"--start-period=(\d+)s", options)[1])
        elif word in image.command:
            image.command[word] = json.loads(rest)
        elif word == "STOPSIGNAL":
            image.stop_signal = signal.Signals[rest]
        elif word == "VOLUME":
            image.volumes.append(rest)
        elif word != "EXPOSE":
            raise Failure(f"{word}: this script does not know it")

    def copy(self, image, words):
        origin = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
        *sources, target = words
        destination = image.inside(target)
        say(f"COPY {' '.join(sources)} to {target}" + (f", from {origin}" if origin else ""))
        if len(sources) > 1 or target.endswith("/"):
            destination.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if origin is None or origin in self.contexts:
                context = self.arguments.context if origin is None else self.contexts[origin]
                self.put(context / source, destination, ignored_in(context))
                if source == "." and self.arguments.ccache and (destination / "dev").exists():
                    self.share_ccache(image, destination)
            elif self.arguments.binaries:
                self.put(self.arguments.binaries / pathlib.PurePosixPath(source).name, destination, None)
            elif origin in self.images:
                self.put(self.images[origin].inside(source), destination, None)
            else:
                raise Failure(f"COPY --from={origin}: neither a stage nor a --build-context")

    @staticmethod
    def put(source, destination, ignored):
        if source.is_dir():
            shutil.copytree(source, destination, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        else:
            shutil.copy2(source, destination)

    def share_ccache(self, image, sources):
        """The first sources with our ./dev are those that most is compiled of."""
        if image.mounts:
            return
        image.bind(self.arguments.ccache, "/root/.cache/ccache")
        image.environment |= {"CCACHE_BASEDIR": "/" + str(sources.relative_to(image.folder)), "CCACHE_NOHASHDIR": "1"}

    def clean_up(self):
        for image in self.images.values():
            image.unmount()
            subprocess.run([ROOT / "scripts/debian_root.sh", "remove", image.folder], check=False)


# --- a container ------------------------------------------------------------------------------------------------------
def issue(image, folder, name):
    """A certificate in a folder of the image, by the authority of /srv/ca, which mcdsl makes there."""
    user, image.user = image.user, None
    if not image.inside("/srv/ca").exists():
        image.run(["mcdsl", "ca", "new", "/srv/ca"])
    image.run(["mcdsl", "ca", "issue", "--ca", "/srv/ca", "--out", folder, name])
    image.user = user
    return image.inside(folder)


def prepare(image, context, identity):
    """What an operator does: the configuration of deploy/ and a certificate, for the account of the service."""
    program, command = image.command["ENTRYPOINT"][0], image.command["CMD"]
    config = image.inside(command[command.index("--config") + 1])
    folder = config.parent
    check(folder.is_dir() and folder.stat().st_uid == image.ids()[0] != 0,
          f"{image.workdir} belongs to the account of the service, which is not root")
    check(image.workdir in image.volumes, f"{image.workdir} is a volume")
    text = (context / "deploy" / f"{program}.toml").read_text()
    certificates = issue(image, f"{image.workdir}/certs", re.search(r'public_names = \["([^"]+)"', text)[1])
    shutil.copyfile(image.inside("/srv/ca/ca.pem"), certificates / "ca.pem")
    config.write_text(re.sub(r'(?m)^server_url = .*', f'server_url = "https://{identity.name}:{identity.PORT}"', text))
    config.chmod(0o600)
    with image.inside("/etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 {identity.name}\n")
    uid, gid = image.ids()
    for path in [config, certificates, *certificates.iterdir()]:
        os.chown(path, uid, gid)
    return folder


class Identity:
    """mcias-dev, in a network of its own that has nothing but the loopback and that the container will share."""

    PORT = 8444  # the service has the one that the example names

    def __init__(self, program, folder, image, context):
        example = next((context / "deploy").glob("*.toml")).read_text()
        self.name = re.search(r'server_url = "https://([^:"]+)', example)[1]
        certificates = issue(image, "/srv/identity", self.name)
        folder.mkdir()
        config = folder / "mcias-dev.toml"
        config.write_text(f'''[server]
listen_addr = "127.0.0.1:{self.PORT}"
tls_cert = "{certificates}/cert.pem"
tls_key = "{certificates}/key.pem"

[database]
path = "{folder}/mcias-dev.db"
''')
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            ["unshare", "--net", "/bin/sh", "-c", 'ip link set lo up && exec "$@"', "sh", program, "server", "--config", config],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        deadline = time.monotonic() + PATIENCE
        while "msg=serving " not in self.told():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise Failure(f"mcias-dev does not serve:\n{self.told()}")
            time.sleep(0.05)
        return self

    def told(self):
        self.log.seek(0)
        return self.log.read()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def start(image, command, identity):
    """The process of unshare(1), which waits for process 1 of the container, and the id of that one here."""
    waiting = subprocess.Popen(
        ["nsenter", f"--target={identity.process.pid}", "--net", "--", "unshare", "--pid", "--fork", "--mount",
         f"--mount-proc={image.folder}/proc", "--", *image.argv(command)], stdin=subprocess.DEVNULL)
    children = pathlib.Path(f"/proc/{waiting.pid}/task/{waiting.pid}/children")
    while waiting.poll() is None:
        if found := children.read_text().split():
            return waiting, int(found[0])
        time.sleep(0.01)
    raise Failure(f"unshare ended with {waiting.returncode}")


def is_healthy(image, pid):
    done = subprocess.run(["nsenter", f"--target={pid}", "--net", "--pid", "--mount", "--", *image.argv(image.health)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def try_out(image, context, identity):
    folder = prepare(image, context, identity)
    command = image.command["ENTRYPOINT"] + image.command["CMD"]
    say(f"{shlex.join(command)}, as {image.user}")
    waiting, pid = start(image, command, identity)
    try:
        deadline = time.monotonic() + image.start_period
        healthy, told = False, ""
        while not healthy and time.monotonic() < deadline:
            time.sleep(0.5)
            if waiting.poll() is not None:
                raise Failure(f"the service has ended with {waiting.returncode}")
            healthy, told = is_healthy(image, pid)
        print(told, flush=True)
        check(healthy, f"{shlex.join(image.health)} says within {image.start_period} s that it is well")
        others = [path for path in folder.rglob("*") if path.lstat().st_uid != image.ids()[0]]
        check(not others and any(folder.glob("*.db")), "what it has written is there, and its own")
        os.kill(pid, image.stop_signal)
        try:
            status = waiting.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"it did not end within {PATIENCE} s of {image.stop_signal.name}") from None
        check(status == 0, f"{image.stop_signal.name} ends it with status 0")
    finally:
        if waiting.poll() is None:
            os.kill(pid, signal.SIGKILL)
            waiting.wait()


def named_folder(text):
    name, _, folder = text.partition("=")
    return name, pathlib.Path(folder).resolve()


def main():
    parser = argparse.ArgumentParser(prog="./dev container", description=__doc__)
    parser.add_argument("--file", type=pathlib.Path, default=ROOT / "deploy/Containerfile")
    parser.add_argument("--context", type=pathlib.Path, default=ROOT, help="what COPY copies from (default: the checkout)")
    parser.add_argument("--build-context", type=named_folder, action="append", default=[], metavar="NAME=FOLDER",
                        help="what COPY --from=NAME copies from")
    parser.add_argument("--ccache", type=pathlib.Path, metavar="FOLDER", help="a cache of ccache, for the build stage")
    parser.add_argument("--binaries", type=pathlib.Path, metavar="FOLDER",
                        help="run the last stage only; what it copies from others lies here")
    parser.add_argument("--identity", type=pathlib.Path, default=ROOT / "build/release/bin/mcias-dev", metavar="PROGRAM",
                        help="mcias-dev, without which a service is not well")
    arguments = parser.parse_args()
    arguments.context = arguments.context.resolve()
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="mcdsl-container.", dir=os.environ.get("TMPDIR", "/var/tmp")))
    scratch.chmod(0o755)
    build = Build(arguments, scratch)
    try:
        stages = stages_of(arguments.file.read_text())
        for stage in stages[-1:] if arguments.binaries else stages:
            image = build.make(stage)
        with Identity(arguments.identity.resolve(), scratch / "mcias-dev", image, arguments.context) as identity:
            try_out(image, arguments.context, identity)
        say(f"{arguments.file} works" + (", given those binaries" if arguments.binaries else ""))
    except (Failure, subprocess.CalledProcessError) as problem:
        print(f"container: {problem}", file=sys.stderr)
        return 1
    finally:
        build.clean_up()
        shutil.rmtree(scratch / "mcias-dev", ignore_errors=True)
        if not any(scratch.iterdir()):  # a root that still holds mounts is left
            scratch.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
