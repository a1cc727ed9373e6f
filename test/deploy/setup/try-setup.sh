#!/usr/bin/env bash
# Runs deploy/setup.sh for real on a clean Debian 12, a folder tree made here, and prints what it says: as a dry run, twice in a
# row, and when it takes everything away. Then a request through the gateway that it has set up.
# Usage: try-setup.sh PACKAGE CADDY NODE [DEBIAN]
#   PACKAGE   the file that npm pack wrote
#   CADDY     Caddy's binary
#   NODE      the folder of Node's package from npm
#   DEBIAN    an archive of a clean tree (mmdebstrap's), made unless given
# Stand-ins, each only for what is not here: systemd (systemctl beside this file), and the mirrors of Caddy's and Node's packages, which
# are made from the binaries given and signed by a key of their own. Packages of Debian and npm are the real ones.
# Needs root, mmdebstrap, dpkg-dev, apt-utils, gpg and Python 3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
package=$(readlink -f "$1") caddy=$(readlink -f "$2") node=$(readlink -f "$3") debian=${4:-}

authorities=/etc/ssl/certs/ca-certificates.crt
work=$(mktemp -d)
root=$work/root
inside=''
trap clean_up EXIT

clean_up() {
  local code=$?
  [ "$code" = 0 ] || tail -n 20 "$root"/var/log/{caddy,octoporty-gateway}.log 2>/dev/null || true
  [ -z "$inside" ] || kill -KILL "$inside" 2>/dev/null || true
  [ -z "${mirror_pid:-}" ] || kill "$mirror_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
  exit "$code"
}

main() {
  make_tree
  make_mirrors
  enter
  cp "$here/../../../deploy/setup.sh" "$package" "$root/root/"
  local -a setup=(/root/setup.sh --name tunnel.example.com --yes --package "/root/${package##*/}"
    --caddy-mirror "http://127.0.0.1:$mirror_port/caddy" --node-mirror "http://127.0.0.1:$mirror_port/node")
  title 'What it would do' && in_tree "${setup[@]}" --dry-run
  title 'The first run' && in_tree "${setup[@]}"
  title 'The second run' && in_tree "${setup[@]}"
  title 'What is there then'
  in_tree octoporty service status || true
  in_tree stat -c '%A %U %n' /etc/octoporty/auth-secret /etc/octoporty/gateway.env
  in_tree curl -fsS http://127.0.0.1:5000/health && echo
  title 'A first agent, and a request'
  # shellcheck disable=SC2016 # Variables of the shell in there.
  in_tree bash -c '
    export OCTOPORTY_AUTH_SECRET_FILE=/etc/octoporty/auth-secret OCTOPORTY_UI_PASSWORD=for-this-try OCTOPORTY_DATA_DIR=/tmp/agent
    node -e "require(\"node:http\").createServer((asked, answer) => answer.end(\"from the service\\n\")).listen(3000)" & service=$!
    octoporty agent --gateway-url ws://127.0.0.1:5000 --map app.example.com=http://127.0.0.1:3000 >/tmp/agent.log 2>&1 & agent=$!
    curl -fsS --no-progress-meter --retry 60 --retry-delay 1 --retry-all-errors -H "Host: app.example.com" http://127.0.0.1:5000/ 2>/dev/null
    curl -fsS --retry 30 --retry-delay 1 --retry-all-errors http://localhost:2019/config/apps/http/servers 2>/dev/null |
      grep -o app.example.com | head -n 1
    kill $agent $service; wait $agent'
  title 'With containers'
  install -m 755 "$here/docker" "$root/usr/bin/docker"
  mkdir "$root/root/clone" && cp "$here"/../../../deploy/{setup.sh,docker-compose.yml} "$root/root/clone/"
  in_tree /root/clone/setup.sh --docker --name tunnel.example.com --yes
  in_tree /root/clone/setup.sh --docker --name tunnel.example.com --yes
  in_tree /root/clone/setup.sh --docker --uninstall --purge --yes
  # Somebody has begun by hand.
  in_tree rm /usr/local/bin/octoporty
  title 'Taken away' && in_tree /root/setup.sh --uninstall --purge --yes
  in_tree systemctl is-active octoporty-gateway || true
  # shellcheck disable=SC2016 # Variables and globs of the shell in there.
  in_tree bash -c 'shopt -s nullglob
    left=(/opt/octoporty* /etc/octoporty* /usr/local/bin/octoporty* /etc/s{ystemd/system,ysctl.d}/*octoporty* /root/.npm* /tmp/tmp.*)
    echo "${left[*]:-nothing of it is left}"'
}

title() { printf '\n=== %s\n' "$1"; }

make_tree() {
  mkdir "$root"
  if [ -n "$debian" ]; then
    tar -C "$root" -xf "$debian"
  else
    mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$root"
  fi
  # A fresh machine has these; a tree made for containers has no systemd.
  install -m 755 "$here/systemctl" "$root/usr/bin/systemctl"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  # The tree is thrown away: what is lost when the power fails does not matter.
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/throw-away"
  # Where this machine reaches npm through an authority of its own, so does the tree.
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then cp "$NODE_EXTRA_CA_CERTS" "$root$authorities"; fi
}

# Each with a repository as its vendor has it: the same places, one key.
make_mirrors() {
  export GNUPGHOME=$work/key
  mkdir -m 700 "$GNUPGHOME"
  gpg --batch --quiet --passphrase '' --quick-generate-key 'stand-in <stand-in@example.com>' default default never 2>/dev/null
  local mirror=$work/mirror
  pack_node "$work/nodejs"
  pack_caddy "$work/caddy"
  publish "$work/nodejs" "$mirror/node/node_24.x" nodistro
  publish "$work/caddy" "$mirror/caddy/deb/debian" any-version
  mkdir "$mirror/node/gpgkey"
  gpg --armor --export >"$mirror/caddy/gpg.key"
  cp "$mirror/caddy/gpg.key" "$mirror/node/gpgkey/nodesource-repo.gpg.key"
  python3 -u -m http.server --bind 127.0.0.1 --directory "$mirror" 0 >"$work/mirror.log" 2>&1 &
  mirror_pid=$!
  until mirror_port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$work/mirror.log") && [ -n "$mirror_port" ]; do sleep 0.05; done
}

pack_node() {
  mkdir -p "$1/usr/bin" "$1/usr/lib/node_modules"
  cp "$node/bin/node" "$1/usr/bin/node"
  (cd "$work" && npm pack --silent npm@11 >/dev/null && tar -xzf npm-11*.tgz)
  mv "$work/package" "$1/usr/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/bin/npm"
  chmod +x "$1/usr/lib/node_modules/npm/bin/npm-cli.js"
  control "$1" nodejs "$("$node/bin/node" --version | tr -d v)"
}

pack_caddy() {
  mkdir -p "$1/usr/bin" "$1/etc/caddy" "$1/lib/systemd/system" "$1/DEBIAN"
  install -m 755 "$caddy" "$1/usr/bin/caddy"
  printf ':80 {\n\troot * /usr/share/caddy\n\tfile_server\n}\n' >"$1/etc/caddy/Caddyfile"
  echo /etc/caddy/Caddyfile >"$1/DEBIAN/conffiles"
  cat >"$1/lib/systemd/system/caddy.service" <<'UNIT'
[Service]
ExecStart=/usr/bin/caddy run --environ --config /etc/caddy/Caddyfile
ExecReload=/usr/bin/caddy reload --config /etc/caddy/Caddyfile --force
UNIT
  control "$1" caddy "$("$caddy" version | sed 's/^v\([0-9.]*\).*/\1/')"
}

# control FOLDER NAME VERSION
control() {
  mkdir -p "$1/DEBIAN"
  printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: stand-in <stand-in@example.com>\nDescription: stand-in\n' \
    "$2" "$3" "$(dpkg --print-architecture)" >"$1/DEBIAN/control"
}

# publish FOLDER REPOSITORY SUITE
publish() {
  local lists
  lists=dists/$3/main/binary-$(dpkg --print-architecture)
  mkdir -p "$2/$lists"
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$1" "$2" >/dev/null
  (cd "$2" && dpkg-scanpackages --multiversion . /dev/null >"$lists/Packages" 2>/dev/null)
  (cd "$2/dists/$3" && apt-ftparchive -o "APT::FTPArchive::Release::Suite=$3" -o APT::FTPArchive::Release::Components=main \
    -o "APT::FTPArchive::Release::Architectures=$(dpkg --print-architecture)" release . >"$work/Release" &&
    gpg --batch --quiet --clearsign --output InRelease "$work/Release")
}

# The tree as a machine: what is started in it ends with it.
enter() {
  # shellcheck disable=SC2016 # Its own variables.
  unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" bash -c '
    mount --bind /dev "$0/dev" && mount -t tmpfs run "$0/run" && mkdir -p "$0/run/systemd/system" && exec sleep infinity' "$root" &
  inside=$!
  disown "$inside"
  until mountpoint_is_there; do sleep 0.05; done
}

mountpoint_is_there() {
  first=$(tr -d ' ' <"/proc/$inside/task/$inside/children") && [ -n "$first" ] &&
    grep -q " $root/run " "/proc/$first/mounts" 2>/dev/null
}

in_tree() {
  nsenter --target "$first" --mount --pid chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    HOME=/root LANG=C.UTF-8 "NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:+$authorities}" "$@" </dev/null
}

main
