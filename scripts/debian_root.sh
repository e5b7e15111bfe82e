#!/usr/bin/env bash
# Debian 12 root folders with nothing in them but what is asked for, to run commands in. As root:
#   debian_root.sh make ROOT [PACKAGE...]   fills the empty folder ROOT: required packages and these, nothing else
#   debian_root.sh remove ROOT              removes it
# A root that was made in the last seven days is unpacked from .cache/fresh/ instead. apt in it uses this host's archives.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly kSuite=bookworm

say() { printf '==> root: %s\n' "$*"; }

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

fill() {
  local root=$1 cached=.cache/fresh/$kSuite mirror packages package
  shift
  for package in "$@"; do
    cached+=+$package
  done
  cached+=.tar
  mirror=$(debian_archives | awk -v suite="$kSuite" '$2 == suite { print $1; exit }')
  if [[ -n $(find "$cached" -mtime -7 2>/dev/null) ]]; then
    say "unpacking the Debian root that was made on $(date -r "$cached" +%F)"
    tar -C "$root" -xf "$cached"
  else
    say "making a Debian 12 root from ${mirror:=http://deb.debian.org/debian} (about half a minute)"
    mkdir -p .cache/fresh .cache/logs
    packages=$(IFS=,; printf '%s' "$*")
    debootstrap --variant=minbase ${packages:+--include="$packages"} "$kSuite" "$root" "$mirror" \
      >.cache/logs/debootstrap.log 2>&1 || { tail -n 20 .cache/logs/debootstrap.log >&2; exit 1; }
    tar -C "$root" -cf "$cached.new" .
    mv "$cached.new" "$cached"
  fi
}

bring_in_what_the_host_knows() {
  debian_archives | awk '{ print "deb", $1, $2, $3 }' >"$1/etc/apt/sources.list"
  apt_settings >"$1/etc/apt/apt.conf.d/99host"
  cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
  own_authorities "$1"
}

# Authorities that this host trusts beside Debian's, for npm behind a proxy that ends TLS. Debian's ca-certificates takes
# them in when it is installed, or here if it is there already.
own_authorities() {
  local certificates=(/usr/local/share/ca-certificates/*.crt)
  [[ -f ${certificates[0]} ]] || return 0
  mkdir -p "$1/usr/local/share/ca-certificates"
  cp -L "${certificates[@]}" "$1/usr/local/share/ca-certificates/"
  [[ ! -x $1/usr/sbin/update-ca-certificates ]] || chroot "$1" /usr/sbin/update-ca-certificates >/dev/null
}

mount_kernel_folders() {
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  mount --make-rslave "$1/dev"
}

# Nothing is removed while a folder of the host is still mounted below.
remove() {
  local root=$1
  umount -R "$root/dev" 2>/dev/null || umount -R -l "$root/dev" 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || umount -l "$root/proc" 2>/dev/null || true
  if grep -qF " $root/" /proc/self/mounts; then
    printf 'root: %s still holds mounts and is left as it is\n' "$root" >&2
    exit 1
  fi
  rm -rf --one-file-system "$root"
}

command=${1:-} root=${2:-}
[[ $root == /*/* && -d $root ]] || { printf 'usage: debian_root.sh make|remove /FOLDER [PACKAGE...]\n' >&2; exit 2; }
shift 2
case $command in
  make)
    chmod 755 "$root"
    fill "$root" "$@"
    bring_in_what_the_host_knows "$root"
    mount_kernel_folders "$root"
    ;;
  remove) remove "$root" ;;
  *) printf 'debian_root.sh: unknown command "%s"\n' "$command" >&2; exit 2 ;;
esac
