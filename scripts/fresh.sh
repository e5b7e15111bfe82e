#!/usr/bin/env bash
# Runs the README's two commands in a Debian 12 root that holds nothing but git and ca-certificates: what a newcomer
# has. Called by `./dev fresh`, as root, with a git bundle of the commit to try. The root is removed afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly kBundle=$1
readonly kSuite=bookworm
readonly kCachedRoot=.cache/fresh/$kSuite.tar

say() { printf '==> fresh: %s\n' "$*"; }

# "URI SUITE COMPONENT" of the Debian archives that this host's apt uses. Other archives stay out: the root lacks their keys.
debian_archives() {
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    grep -E "/debian(-security)?/? $kSuite(-updates|-security|-backports)? (main|contrib|non-free|non-free-firmware)$" |
    sort -u
}

# What lets this host's apt reach its archives: a proxy, a mirror that lags behind.
apt_settings() {
  apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-Valid-Until|Check-Date)' || true
}

make_root() {
  local mirror
  mirror=$(debian_archives | awk -v suite="$kSuite" '$2 == suite { print $1; exit }')
  if [[ -n $(find "$kCachedRoot" -mtime -7 2>/dev/null) ]]; then
    say "unpacking the Debian root that was made on $(date -r "$kCachedRoot" +%F)"
    tar -C "$root" -xf "$kCachedRoot"
  else
    say "making a Debian 12 root from ${mirror:=http://deb.debian.org/debian} (about half a minute)"
    mkdir -p .cache/fresh .cache/logs
    debootstrap --variant=minbase --include=git,ca-certificates "$kSuite" "$root" "$mirror" \
      >.cache/logs/debootstrap.log 2>&1 || { tail -n 20 .cache/logs/debootstrap.log >&2; exit 1; }
    tar -C "$root" -cf "$kCachedRoot.new" .
    mv "$kCachedRoot.new" "$kCachedRoot"
  fi
}

bring_in_what_the_host_knows() {
  debian_archives | awk '{ print "deb", $1, $2, $3 }' >"$root/etc/apt/sources.list"
  apt_settings >"$root/etc/apt/apt.conf.d/99host"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

mount_kernel_folders() {
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --make-rslave "$root/dev"
}

# Nothing is removed while a folder of the host is still mounted below.
clean_up() {
  local status=$?
  umount -R "$root/dev" 2>/dev/null || umount -R -l "$root/dev" 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || umount -l "$root/proc" 2>/dev/null || true
  if grep -qF " $root/" /proc/self/mounts; then
    printf 'fresh: %s still holds mounts and is left as it is\n' "$root" >&2
  else
    rm -rf --one-file-system "$root"
  fi
  exit "$status"
}

in_root() {
  env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" ${CI:+CI="$CI"} \
    chroot "$root" /bin/bash -c "cd /root/mcdsl && $1" </dev/null
}

root=$(mktemp -d "${TMPDIR:-/var/tmp}/mcdsl-fresh.XXXXXX")
trap clean_up EXIT
trap 'exit 130' INT TERM
chmod 755 "$root"
make_root
bring_in_what_the_host_knows
mount_kernel_folders
git -c advice.detachedHead=false clone --quiet "$kBundle" "$root/root/mcdsl"

say "./dev run --smoke"
in_root './dev run --smoke'
say "./dev test"
in_root './dev test'
say "both commands of the README work in a bare Debian 12"
