#!/usr/bin/env bash
# Runs the README's two commands in a Debian 12 root that holds nothing but git and ca-certificates: what a newcomer
# has. Called by `./dev fresh`, as root, with a git bundle of the commit to try. The root is removed afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly kBundle=$1

say() { printf '==> fresh: %s\n' "$*"; }

clean_up() {
  local status=$?
  scripts/debian_root.sh remove "$root" || true
  exit "$status"
}

in_root() {
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" ${CI:+CI="$CI"} \
    chroot "$root" /bin/bash -c "cd /root/mcdsl && $1" </dev/null
}

root=$(mktemp -d "${TMPDIR:-/var/tmp}/mcdsl-fresh.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT TERM
scripts/debian_root.sh make "$root" git ca-certificates
git -c advice.detachedHead=false clone --quiet "$kBundle" "$root/root/mcdsl"

say "./dev run --smoke"
in_root './dev run --smoke'
say "./dev test"
in_root './dev test'
say "both commands of the README work in a bare Debian 12"
