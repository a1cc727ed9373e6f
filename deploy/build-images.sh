#!/usr/bin/env bash
# Builds the images of gateway and agent by deploy/Dockerfile, without a daemon, and shows that they keep their promises.
# What is committed is built; what is not, is in no image.
# Usage: deploy/build-images.sh [--base public|rootfs] [--platform linux/amd64|linux/arm64] [--keep]
#   --base public    Node's and distroless' images, as users build them (default)
#   --base rootfs    bases made here from packages of Debian and npm, where no registry of images can be reached
#   --platform …     of another machine: built and measured, not run
#   --keep           the folder with the images stays, and is told
# STORAGE_DRIVER=vfs in the environment helps where the disk is an overlay already, as in a container.
# Needs root on Debian 12, buildah, git, jq, npm, runc, and mmdebstrap for rootfs; asks debsecan where it is there.
# Exits with 1 when a promise is broken.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

base=public
platform=linux/$(dpkg --print-architecture)
is_kept=false

main() {
  parse "$@"
  local tool
  local -a tools=(buildah git jq npm runc)
  [ "$base" = public ] || tools+=(mmdebstrap)
  for tool in "${tools[@]}"; do
    command -v "$tool" >/dev/null || fail "This needs $tool: apt-get install $tool."
  done
  [ "$(id -u)" = 0 ] || fail 'This needs root: it starts containers.'

  work=$(mktemp -d "${TMPDIR:-/tmp}/octoporty-images.XXXXXX")
  trap clean_up EXIT
  export BUILDAH_ISOLATION=chroot
  export TMPDIR=$work/tmp
  mkdir "$TMPDIR"
  stores=(--storage-driver "${STORAGE_DRIVER:-overlay}" --root "$work/store" --runroot "$work/run")

  local image
  local -a bases=()
  if [ "$base" = rootfs ]; then
    make_bases
    bases=(--build-arg BUILD_BASE=localhost/octoporty-build-base
      --build-arg NODE_BASE=localhost/octoporty-node-base
      --build-arg RUN_BASE=localhost/octoporty-run-base)
  fi
  revision=$(git rev-parse HEAD)
  mkdir "$work/context"
  git archive "$revision" | tar --extract --directory "$work/context"
  for image in gateway agent; do build "$image" "${bases[@]}"; done
  for image in gateway agent; do unpack "$image"; done
  local code=0
  node_of_ours deploy/images/check.ts "$work" "$platform" || code=$?
  known_holes
  return "$code"
}

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --base) base=${2:-} && shift ;;
      --platform) platform=${2:-} && shift ;;
      --keep) is_kept=true ;;
      *) fail "Unknown argument \"$1\". $(sed -n 4p deploy/build-images.sh | cut -c3-)" ;;
    esac
    shift
  done
  [[ $base =~ ^(public|rootfs)$ ]] || fail "--base is \"public\" or \"rootfs\", not \"$base\"."
  [[ $platform =~ ^linux/(amd64|arm64)$ ]] || fail "--platform is linux/amd64 or linux/arm64, not \"$platform\"."
}

build() {
  local image=$1
  shift
  echo "Building the image of the $image …" >&2
  # In Docker's format: OCI's knows no HEALTHCHECK. Debian's buildah does not know by itself what BUILDPLATFORM is.
  buildah "${stores[@]}" build --quiet --format docker --layers --platform "$platform" \
    --file "$work/context/deploy/Dockerfile" --ignorefile "$work/context/deploy/Dockerfile.dockerignore" \
    --target "$image" --tag "localhost/octoporty-$image" \
    --build-arg "BUILDPLATFORM=linux/$(dpkg --print-architecture)" \
    --build-arg "VERSION=$(jq -r .version package.json)" --build-arg "REVISION=$revision" "$@" \
    "$work/context" >"$work/$image.log" 2>&1 || {
    cat "$work/$image.log" >&2
    fail "The image of the $image could not be built."
  }
}

# Its files and its settings, as the check reads them.
unpack() {
  local image=$1 container
  container=$(buildah "${stores[@]}" from --pull-never --platform "$platform" "localhost/octoporty-$image")
  mkdir -p "$work/$image"
  cp -a "$(buildah "${stores[@]}" mount "$container")" "$work/$image/rootfs"
  buildah "${stores[@]}" inspect --type image "localhost/octoporty-$image" | jq .Docker.config >"$work/$image/image.json"
  buildah "${stores[@]}" rm "$container" >/dev/null
}

# What is known of holes in the packages of npm and of Debian, where those who know can be asked. Tells, and fails nothing:
# whether one of them matters here, is for people to say.
known_holes() {
  npm audit --omit=dev --json 2>/dev/null | jq -r '"holes   npm      " + (if .metadata then
    (.metadata.vulnerabilities | to_entries | map("\(.value) \(.key)") | join(", ")) else
    "not asked: the registry answers no audits" end)' || true

  # Both images stand on the same packages.
  local status=$work/dpkg-status file
  for file in "$work"/gateway/rootfs/var/lib/dpkg/status.d/*; do
    [[ $file == *.md5sums ]] || sed '/^Package:/ a Status: install ok installed' "$file" && echo
  done >"$status"
  if ! command -v debsecan >/dev/null; then
    echo 'holes   Debian   not asked: debsecan is not installed'
  elif timeout 60 debsecan --suite bookworm --status "$status" --format summary >"$work/holes" 2>/dev/null; then
    echo "holes   Debian   $(wc -l <"$work/holes"), with a better package for $(grep -c fixed "$work/holes" || true)"
  else
    echo 'holes   Debian   not asked: its security tracker cannot be reached'
  fi
}

# Three bases with what the public ones hold of use: a Debian with Node and npm, Node alone, and libraries without a shell.
make_bases() {
  local target=${platform#linux/} here
  here=$(dpkg --print-architecture)
  echo 'Making the bases from packages of Debian and npm …' >&2
  mkdir -p "$work/base/run" "$work/base/node/usr/local/bin" "$work/base/debs"

  mmdebstrap --quiet --variant=apt --mode=root --include=ca-certificates,binutils-multiarch bookworm "$work/base/build" >&2
  node_of_npm "$here" "$work/base/build/usr/local/bin/node"
  npm_of_npm "$work/base/build/usr/local"
  # Some networks read along with an authority of their own: whoever builds trusts what this machine trusts.
  cp /etc/ssl/certs/ca-certificates.crt "$work/base/build/etc/ssl/certs/ca-certificates.crt"
  import build "$here" --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

  node_of_npm "$target" "$work/base/node/usr/local/bin/node"
  import node "$target"

  libraries "$target" "$work/base/run"
  import run "$target"
}

# The packages of distroless' cc image that something of ours asks for, unpacked and not installed: there is no shell.
libraries() {
  local arch=$1 into=$2 deb name
  local -a apt=(-o "Dir::State=$work/base/apt" -o "Dir::Cache=$work/base/apt" -o "APT::Architecture=$arch"
    -o "APT::Architectures::=$arch" -o 'Dir::State::status=/dev/null' -o 'APT::Sandbox::User=root')
  mkdir -p "$work/base/apt/lists/partial" "$work/base/apt/archives/partial"
  apt-get -qq "${apt[@]}" update
  (cd "$work/base/debs" && apt-get -qq "${apt[@]}" download \
    base-files ca-certificates gcc-12-base libc6 libgcc-s1 libstdc++6 media-types netbase tzdata)
  mkdir -p "$into/var/lib/dpkg/status.d"
  for deb in "$work"/base/debs/*.deb; do
    dpkg-deb --extract "$deb" "$into"
    name=$(dpkg-deb --field "$deb" Package)
    dpkg-deb --field "$deb" >"$into/var/lib/dpkg/status.d/$name"
  done
  mkdir -p "$into/etc/ssl/certs" "$into/home/nonroot" "$into/tmp"
  chmod 1777 "$into/tmp"
  cat "$into"/usr/share/ca-certificates/mozilla/*.crt >"$into/etc/ssl/certs/ca-certificates.crt"
  printf '%s\n' 'root:x:0:0:root:/root:/sbin/nologin' 'nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin' \
    'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$into/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nobody:x:65534:' 'nonroot:x:65532:' >"$into/etc/group"
  # What people read of packages is in distroless neither, but for the licences.
  find "$into/usr/share/doc" ! -type d ! -name copyright -delete
  rm -rf "$into/usr/share/man" "$into/usr/share/lintian" "$into/usr/share/locale"
}

# The binary of Node as npm carries it, in the version that the lockfile names.
node_of_npm() {
  local arch=${1/amd64/x64} into=$2 version
  version=$(jq -r ".optionalDependencies[\"node-linux-$arch\"]" package.json)
  tarball "node-linux-$arch@$version" "$work/base/node-$arch"
  install -D -m 755 "$work/base/node-$arch/package/bin/node" "$into"
}

# npm itself, in the version that is here.
npm_of_npm() {
  local into=$1 program
  tarball "npm@$(npm --version)" "$work/base/npm"
  mkdir -p "$into/lib/node_modules"
  cp -a "$work/base/npm/package" "$into/lib/node_modules/npm"
  for program in npm npx; do
    chmod 755 "$into/lib/node_modules/npm/bin/$program-cli.js"
    ln -s "../lib/node_modules/npm/bin/$program-cli.js" "$into/bin/$program"
  done
}

tarball() {
  local name=$1 into=$2
  [ ! -d "$into" ] || return 0
  mkdir -p "$into"
  npm pack --silent --pack-destination "$into" "$name" >/dev/null
  tar --extract --file "$into"/*.tgz --directory "$into"
}

import() {
  local name=$1 arch=$2 container
  shift 2
  container=$(buildah "${stores[@]}" from scratch)
  buildah "${stores[@]}" config --arch "$arch" --os linux "$@" "$container"
  cp -a "$work/base/$name/." "$(buildah "${stores[@]}" mount "$container")"
  buildah "${stores[@]}" commit --quiet --format docker --rm "$container" "localhost/octoporty-$name-base" >/dev/null
  rm -rf "${work:?}/base/$name"
}

# Node that runs TypeScript: the repository's own where the system's is older.
node_of_ours() {
  local installed
  installed=node_modules/node-linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')/bin/node
  if [ -x "$installed" ]; then "$installed" "$@"; else node "$@"; fi
}

# shellcheck disable=SC2317 # Called by the trap.
clean_up() {
  local image container
  # Containers of a check that was killed.
  for image in gateway agent; do
    for container in "$work/$image"/runc/*/; do
      [ ! -d "$container" ] || runc --root "$work/$image/runc" delete --force "$(basename "$container")" || true
    done
  done
  if [ "$is_kept" = true ]; then
    echo "Kept: $work (buildah ${stores[*]} images)" >&2
    return
  fi
  buildah "${stores[@]}" rm --all >/dev/null 2>&1 || true
  buildah "${stores[@]}" rmi --all --force >/dev/null 2>&1 || true
  # What is mounted below, by a tool that was killed, is not ours to remove.
  rm -rf --one-file-system "$work"
}

fail() {
  echo "$1" >&2
  exit 1
}

# Read whole before it runs: whoever edits this meanwhile changes the next run.
{
  main "$@"
  exit
}
