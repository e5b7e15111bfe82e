"""Checks what lies in deploy/: `deploy_test.py CHECK FOLDER MCQ`. Exits with 1 where something is wrong, 77 where the
programs for a check are missing.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MOST_EXPOSURE = 1.5
SKIPPED = 77


def need(program):
    if shutil.which(program) is None:
        print(f"{program} is not installed")
        sys.exit(SKIPPED)


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def units(folder, *suffixes):
    found = sorted(file for file in folder.iterdir() if file.suffix in suffixes)
    assert found, f"no {suffixes} in {folder}"
    return found


def units_are_sound(folder, _):
    """systemd reads every unit without a warning, and each timer and socket has its service."""
    need("systemd-analyze")
    with tempfile.TemporaryDirectory() as scratch:
        for unit in units(folder, ".service", ".timer", ".socket"):
            # The program itself is not installed here.
            text = unit.read_text().replace("/usr/local/bin/mcq", "/bin/true")
            (pathlib.Path(scratch) / unit.name).write_text(text)
        for unit in sorted(pathlib.Path(scratch).iterdir()):
            code, output = run("systemd-analyze", "verify", "--man=no", str(unit))
            # Of our units only: those of the machine are its own affair.
            ours = [line for line in output.splitlines() if "mcq" in line]
            assert not ours, "\n".join(ours)
    for unit in units(folder, ".timer", ".socket"):
        assert unit.with_suffix(".service").exists(), f"{unit.name} starts nothing"


def exposure_is_low(folder, _):
    """Every service is confined as far as systemd's own measure goes."""
    need("systemd-analyze")
    for unit in units(folder, ".service"):
        code, output = run("systemd-analyze", "security", "--offline=true", str(unit))
        exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", output)
        assert exposure, output
        print(f"{unit.name}: {exposure[1]}")
        assert float(exposure[1]) <= MOST_EXPOSURE, output


def folders_are_private(folder, _):
    """The account and its folders are made as the files for them say."""
    need("systemd-sysusers")
    need("systemd-tmpfiles")
    if os.geteuid() != 0:
        print("only root can make accounts")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as root:
        (pathlib.Path(root) / "etc").mkdir()
        code, output = run("systemd-sysusers", f"--root={root}", str(folder / "mcq.sysusers"))
        assert code == 0, output
        account = re.search(r"^mcq:x:(\d+):", (pathlib.Path(root) / "etc/passwd").read_text(), re.MULTILINE)
        assert account, "no account"
        code, output = run("systemd-tmpfiles", "--create", f"--root={root}", str(folder / "mcq.tmpfiles"))
        assert code == 0, output
        for name in ("srv/mcq", "srv/mcq/certs", "srv/mcq/backups"):
            status = (pathlib.Path(root) / name).stat()
            assert status.st_mode & 0o777 == 0o700, f"{name} has mode {status.st_mode & 0o777:o}"
            assert status.st_uid == int(account[1]), f"{name} belongs to {status.st_uid}"


def example_is_valid(folder, mcq):
    """mcq takes the example configuration, and the units name no file or command that is not there."""
    code, output = run(mcq, "config", "check", "--config", str(folder / "mcq.toml"))
    assert code == 0, output
    for unit in units(folder, ".service"):
        for command in re.findall(r"^ExecStart\S*=/usr/local/bin/mcq ([a-z ]+) --", unit.read_text(), re.MULTILINE):
            code, output = run(mcq, *command.split(), "--help")
            assert code == 0 and f"usage: mcq {command}" in output, f"{unit.name}: {command}: {output}"


def container_has_its_libraries(folder, mcq):
    """The container installs the packages that the program's libraries are in, and no other."""
    need("objdump")
    need("dpkg")
    _, architecture = run("dpkg", "--print-architecture")
    _, headers = run("objdump", "-p", mcq)
    owners = set()
    for library in re.findall(r"NEEDED +(\S+)", headers):
        _, found = run("dpkg", "-S", f"*/{library}")
        owner = re.search(rf"^([^:\s]+):{architecture.strip()}: ", found, re.MULTILINE)
        assert owner, f"no package has {library}"
        owners.add(owner[1])
    owners -= {"libc6", "libgcc-s1", "libstdc++6"}  # the others bring these
    install = re.search(r"--no-install-recommends(.*?)&&", (folder / "Containerfile").read_text(), re.DOTALL)
    named = set(install[1].replace("\\\n", " ").split()) - {"ca-certificates"}
    assert named == owners, f"missing: {owners - named}, not needed: {named - owners}"


CHECKS = {check.__name__: check for check in (units_are_sound, exposure_is_low, folders_are_private, example_is_valid,
                                              container_has_its_libraries)}

if __name__ == "__main__":
    CHECKS[sys.argv[1]](pathlib.Path(sys.argv[2]), sys.argv[3])
