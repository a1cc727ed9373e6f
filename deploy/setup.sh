#!/usr/bin/env bash
# Sets up the public side of Octoporty on a fresh Ubuntu 24.04 or Debian 12: Caddy, the gateway and their shared secret.
#
# Usage: setup.sh [--name NAME] [options]            as root; asks for what it is not told
#   --name NAME          the gateway's public name, such as tunnel.example.com
#   --docker             with containers, instead of services of systemd; from a clone
#   --version VERSION    of Octoporty, from npm
#   --package FILE       Octoporty from this file of `npm pack` instead
#   --caddy-mirror URL   where Caddy's packages come from
#   --node-mirror URL    where Node's packages come from
#   --dry-run            says what it would do, and does nothing
#   --uninstall          takes the gateway away; Caddy and Node stay as they are. With --purge the secret goes too
#   --yes                asks nothing
#
# Run it as often as you like: what is right stays as it is, and a line says so.
set -euo pipefail

readonly VERSION=0.1.0
readonly PREFIX=/opt/octoporty
readonly COMMAND=/usr/local/bin/octoporty
readonly CADDYFILE=/etc/caddy/Caddyfile
readonly AGENT_UNIT=/etc/systemd/system/octoporty-agent.service
readonly SYSCTL=/etc/sysctl.d/60-octoporty.conf
HERE=$(cd "$(dirname "$0")" && pwd)
readonly HERE
# With containers.
readonly SECRET=$HERE/secrets/auth-secret
# As the images run, unless .env names another with CONTAINER_USER.
readonly IMAGE_USER=65532:65532
readonly OLDEST_NODE=24
readonly OLDEST_CADDY=2.8

name='' mode=systemd version=$VERSION package='' is_dry=false is_removal=false is_purge=false asks=true
caddy_mirror=https://dl.cloudsmith.io/public/caddy/stable
node_mirror=https://deb.nodesource.com
changes=0

main() {
  parse "$@"
  check_machine
  if $is_removal; then
    remove
  else
    learn_name
    if [ "$mode" = docker ]; then set_up_containers; else set_up_services; fi
    tell_next
  fi
}

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --name) name=$(value_of "$@") || exit; shift ;;
      --version) version=$(value_of "$@") || exit; shift ;;
      --package) package=$(value_of "$@") || exit; shift ;;
      --caddy-mirror) caddy_mirror=$(value_of "$@") || exit; shift ;;
      --node-mirror) node_mirror=$(value_of "$@") || exit; shift ;;
      --docker) mode=docker ;;
      --systemd) mode=systemd ;;
      --dry-run) is_dry=true ;;
      --uninstall) is_removal=true ;;
      --purge) is_purge=true ;;
      --yes) asks=false ;;
      --help | -h) usage && exit 0 ;;
      *) fail "Unknown option \"$1\". \"$0 --help\" lists them." ;;
    esac
    shift
  done
  if $is_purge && ! $is_removal; then fail '--purge goes with --uninstall.'; fi
  if [ -n "$package" ] && [ ! -r "$package" ]; then fail "--package: there is no $package."; fi
}

# An option behind an option is no value: the value was forgotten.
value_of() {
  case ${2:-} in
    '' | --*) fail "$1 needs a value." ;;
  esac
  printf '%s\n' "$2"
}

usage() { sed -n '2,/^set /s/^# \{0,1\}//p' "$0"; }

check_machine() {
  [ "$(id -u)" = 0 ] || fail "Run it as root: sudo $0 …"
  [ -r /etc/os-release ] || fail 'This is made for Ubuntu 24.04 and Debian 12.'
  local system
  system="$(in_release ID) $(in_release VERSION_ID)"
  case $system in
    'ubuntu 24.04' | 'ubuntu 24.10' | 'ubuntu 25.'* | 'ubuntu 26.'* | 'debian 12' | 'debian 13') ;;
    *) fail "This is made for Ubuntu 24.04 and Debian 12, and this is \"$system\". docs/production.md says how to do it by hand." ;;
  esac
  if [ "$mode" = docker ]; then
    command -v openssl >/dev/null || need_packages openssl
  else
    command -v systemctl >/dev/null || fail 'This machine has no systemd: use --docker, or see docs/production.md to do it by hand.'
  fi
}

in_release() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }

learn_name() {
  if [ -z "$name" ]; then
    if ! $asks || [ ! -t 0 ]; then fail 'Name the gateway: --name tunnel.example.com'; fi
    read -r -p 'Public name of the gateway, such as tunnel.example.com: ' name
  fi
  name=${name,,}
  [[ $name =~ ^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$ ]] ||
    fail "\"$name\" is no public name: it should be like tunnel.example.com."
  tell_where_name_leads
}

tell_where_name_leads() {
  local there
  there=$(getent ahostsv4 "$name" | awk '{ print $1; exit }') || true
  if [ -z "$there" ]; then
    hint "$name has no address in DNS yet. Create an A record (and AAAA, where there is IPv6) that leads to this machine."
  else
    say ok "$name leads to $there"
  fi
}

# --- With systemd

set_up_services() {
  need_packages ca-certificates curl openssl
  install_node
  install_caddy
  install_octoporty
  put "$SYSCTL" 644 <<<'# Connections that wait to be accepted outlive that Caddy opens its listeners anew.
net.ipv4.tcp_migrate_req = 1'
  do_quietly sysctl --quiet --load "$SYSCTL" || hint "The kernel did not take $SYSCTL: it counts from the next start on."
  configure_caddy
  install_gateway
  tell_firewall
}

install_node() {
  if is_at_least "$OLDEST_NODE" "$(node --version 2>/dev/null | tr -d v)" && command -v npm >/dev/null; then
    say ok "Node $(node --version | tr -d v)"
    return
  fi
  add_repository nodesource "$node_mirror/gpgkey/nodesource-repo.gpg.key" "$node_mirror/node_24.x" nodistro
  install_packages nodejs
}

install_caddy() {
  if is_at_least "$OLDEST_CADDY" "$(caddy version 2>/dev/null | sed 's/^v\([0-9.]*\).*/\1/')"; then
    say ok "Caddy $(caddy version | sed 's/^v\([0-9.]*\).*/\1/')"
    return
  fi
  add_repository caddy-stable "$caddy_mirror/gpg.key" "$caddy_mirror/deb/debian" any-version
  install_packages caddy
}

install_octoporty() {
  local what=octoporty@$version stamp=$PREFIX/.installed wanted
  if [ -n "$package" ]; then what=$(readlink -f "$package"); fi
  wanted=$what
  if [ -n "$package" ]; then wanted=$(sha256sum "$package" | cut -d' ' -f1); fi
  if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    say ok "Octoporty $("$COMMAND" --version)"
  else
    # Node is there: the one that the package could bring along is not needed.
    do_it "install Octoporty into $PREFIX" \
      npm install --prefix "$PREFIX" --omit=optional --no-fund --no-audit --no-update-notifier --loglevel=error "$what"
    put "$stamp" 644 <<<"$wanted"
  fi
  if [ "$(readlink "$COMMAND" 2>/dev/null)" != "$PREFIX/node_modules/.bin/octoporty" ]; then
    do_it "link $COMMAND" ln -sf "$PREFIX/node_modules/.bin/octoporty" "$COMMAND"
  fi
}

# A Caddyfile that somebody has written stays: all that the gateway needs is the admin API, which is there unless it was turned off.
configure_caddy() {
  if is_caddyfile_ours; then
    put "$CADDYFILE" 644 < <(caddyfile)
  else
    if grep -qE '^[[:space:]]*admin[[:space:]]+off' "$CADDYFILE"; then
      fail "$CADDYFILE turns the admin API off, by which the gateway publishes names: remove \"admin off\" from it."
    fi
    say ok "$CADDYFILE stays as you have written it"
  fi
  if ! systemctl is-enabled --quiet caddy 2>/dev/null; then do_it 'have Caddy start with the machine' systemctl enable caddy; fi
  if ! systemctl is-active --quiet caddy; then
    do_it 'start Caddy' systemctl start caddy
  elif $is_file_changed; then
    do_it 'have Caddy read it' systemctl reload caddy
  fi
}

# Nobody has changed it since the package or this script wrote it.
is_caddyfile_ours() {
  [ -e "$CADDYFILE" ] || return 0
  head -n 1 "$CADDYFILE" | grep -q 'Octoporty' && return 0
  dpkg-query --show --showformat='${Conffiles}\n' caddy 2>/dev/null |
    grep -qF "$CADDYFILE $(md5sum "$CADDYFILE" | cut -d' ' -f1)"
}

caddyfile() {
  cat <<'CADDYFILE'
# Written by Octoporty's setup.sh. The gateway publishes names by the admin API. Sites of your own may stand below: with the
# first line gone, setup.sh leaves this file alone.
{
	# It may rewrite everything: it stays on this machine.
	admin localhost:2019
}
CADDYFILE
}

install_gateway() {
  local -a settings=(--gateway-host "$name" --caddy-admin-url http://localhost:2019 --listen-host 127.0.0.1)
  if $is_dry; then
    say would "octoporty service install gateway ${settings[*]}"
  else
    "$COMMAND" service install gateway "${settings[@]}"
    "$COMMAND" health gateway
  fi
}

tell_firewall() {
  if command -v ufw >/dev/null && ufw status 2>/dev/null | grep -q '^Status: active'; then
    if ufw status | grep -qE '^443(/tcp)? +ALLOW' && ufw status | grep -qE '^80(/tcp)? +ALLOW'; then
      say ok 'the firewall lets visitors in'
    else
      hint 'The firewall is on. Let visitors in: ufw allow 80/tcp && ufw allow 443/tcp && ufw allow 443/udp'
    fi
  else
    hint "Ports 80 and 443 (TCP, and 443 UDP for HTTP/3) have to be open in your provider's firewall too."
  fi
}

# --- With containers

set_up_containers() {
  local compose=$HERE/docker-compose.yml
  [ -r "$compose" ] || fail '--docker needs the files beside setup.sh: run it in a clone of the project.'
  install_docker
  local kept='' env_mode=644 env_owner=0:0
  if [ -r "$HERE/.env" ]; then
    kept=$(grep -v '^OCTOPORTY_GATEWAY_HOST=' "$HERE/.env") || true
    # Whoever wrote it may go on to do so, and decides who reads it.
    env_mode=$(stat -c %a "$HERE/.env")
    env_owner=$(stat -c %u:%g "$HERE/.env")
  fi
  put "$HERE/.env" "$env_mode" "$env_owner" <<<"OCTOPORTY_GATEWAY_HOST=$name${kept:+$'\n'$kept}"
  local is_env_changed=$is_file_changed
  have_secret
  if ! $is_env_changed && [ "$(docker compose --file "$compose" ps --services --status running 2>/dev/null | grep -c .)" = 2 ]; then
    say ok 'Caddy and the gateway run'
  else
    do_it 'build and start Caddy and the gateway' docker compose --file "$compose" up --detach --build --wait
  fi
  tell_firewall
}

install_docker() {
  if docker compose version >/dev/null 2>&1; then
    say ok "$(docker --version | cut -d, -f1)"
    return
  fi
  do_it 'read the lists of packages' apt-get -qq update
  if ! apt-cache show docker-compose-v2 >/dev/null 2>&1; then
    fail 'This system has no package of Docker Compose 2: install Docker Engine as its documentation says, then run this again.'
  fi
  install_packages docker.io docker-compose-v2
}

# The container's user has to read it, and nobody else. One that somebody has made for everybody's eyes stays as it is.
have_secret() {
  local user
  user=$(container_user) || exit
  if [ ! -s "$SECRET" ]; then
    do_it "make the secret $SECRET" make_secret "$SECRET" "$user"
  elif [ -z "$(find "$SECRET" -perm -o=r)" ] && [ "$(stat -c %u "$SECRET")" != "${user%:*}" ]; then
    do_it "give $SECRET to user ${user%:*}" chown "$user" "$SECRET"
  fi
}

# As Compose learns it: from the environment, else from .env.
container_user() {
  local user=${CONTAINER_USER:-}
  if [ -z "$user" ] && [ -r "$HERE/.env" ]; then
    user=$(sed -n 's/^CONTAINER_USER=//p' "$HERE/.env" | tail -n 1 | tr -d "\"' ")
  fi
  user=${user:-$IMAGE_USER}
  [[ $user =~ ^[0-9]+(:[0-9]+)?$ ]] ||
    fail "CONTAINER_USER is \"$user\": name the user by numbers, such as 1000:1000."
  printf '%s\n' "$user"
}

# make_secret FILE USER
make_secret() {
  { [ -d "${1%/*}" ] || install -d -m 755 "${1%/*}"; } &&
    (umask 077 && openssl rand -hex 32 >"$1") &&
    chown "$2" "$1"
}

remove_containers() {
  do_it 'stop the containers and remove them' docker compose --file "$HERE/docker-compose.yml" down --remove-orphans
  if $is_purge; then
    do_it 'remove certificates and the secret' docker compose --file "$HERE/docker-compose.yml" down --volumes
    do_it "remove $SECRET" rm -f "$SECRET"
  fi
}

# --- Taking it away

remove() {
  if [ "$mode" = docker ]; then
    remove_containers
    return
  fi
  if [ -x "$COMMAND" ]; then
    if $is_dry; then
      say would 'octoporty service uninstall gateway'
    elif $is_purge; then
      "$COMMAND" service uninstall gateway --purge
    else
      "$COMMAND" service uninstall gateway
    fi
  fi
  if [ -e "$SYSCTL" ]; then do_it "remove $SYSCTL" rm "$SYSCTL"; fi
  if grep -qsF "$PREFIX/" "$AGENT_UNIT"; then
    hint "$PREFIX and $COMMAND stay: the agent's service on this machine runs from there."
  else
    if [ -L "$COMMAND" ]; then do_it "remove $COMMAND" rm "$COMMAND"; fi
    if [ -d "$PREFIX" ]; then do_it "remove $PREFIX" rm -rf "$PREFIX"; fi
  fi
  tell_what_stays
}

# Others may need them by now, and Caddy does not start without its Caddyfile.
tell_what_stays() {
  local file
  local -a stays=()
  for file in "$CADDYFILE" /etc/apt/{sources.list.d,keyrings}/{caddy-stable,nodesource}.*; do
    [ ! -e "$file" ] || stays+=("$file")
  done
  hint "Caddy and Node stay as they are; where nothing else needs them: apt-get purge caddy nodejs"
  if [ ${#stays[@]} -gt 0 ]; then hint "With them stay ${stays[*]}"; fi
}

# --- What steps are made of

# say WORD TEXT: a line of the report.
say() { printf '%-8s %s\n' "$1" "$2"; }

hint() { printf '%-8s %s\n' 'note' "$1"; }

fail() {
  printf 'setup.sh: %s\n' "$1" >&2
  exit 1
}

# do_it WHAT COMMAND…: a change.
do_it() {
  local what=$1
  shift
  changes=$((changes + 1))
  if $is_dry; then
    say would "$what: $*"
    return
  fi
  if [ -t 1 ]; then printf '… %s\r' "$what"; fi
  local told
  # What the programs say is for whoever has to find out why one failed.
  if ! told=$("$@" 2>&1); then
    printf '%s\n' "$told" >&2
    fail "Could not $what: \"$*\" failed."
  fi
  say 'done' "$what"
}

do_quietly() { $is_dry || "$@" >/dev/null 2>&1; }

# put FILE MODE [OWNER]: what comes in is in the file, whole or not at all; root's, unless told. Sets is_file_changed.
put() {
  local file=$1 mode=$2 owner=${3:-0:0} aside
  aside=$(mktemp)
  cat >"$aside"
  is_file_changed=false
  if cmp -s "$aside" "$file" && [ "$(stat -c %a "$file")" = "$mode" ]; then
    say ok "$file"
  else
    is_file_changed=true
    do_it "write $file" install -D -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$aside" "$file"
  fi
  rm -f "$aside"
}

need_packages() {
  local one
  local -a missing=()
  for one; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$one" 2>/dev/null | grep -qx installed || missing+=("$one")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    do_it 'read the lists of packages' apt-get -qq update
    install_packages "${missing[@]}"
  fi
}

install_packages() {
  do_it "install $*" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@"
}

# add_repository NAME KEY_URL URL SUITE: its packages count only when that key has signed them.
add_repository() {
  local key=/etc/apt/keyrings/$1.asc
  if ! is_whole_key "$key"; then do_it "fetch the key of $1" fetch_key "$2" "$key"; fi
  put "/etc/apt/sources.list.d/$1.sources" 644 <<SOURCES
Types: deb
URIs: $3
Suites: $4
Components: main
Signed-By: $key
SOURCES
  do_it 'read the lists of packages' apt-get -qq update
}

# fetch_key URL FILE: fetched aside, so that one that came by half is not there. apt reads it as a user of its own.
fetch_key() {
  local aside code=0
  aside=$(mktemp) || return
  { curl -fsSL --output "$aside" "$1" && is_whole_key "$aside" && install -D -m 644 "$aside" "$2"; } || code=$?
  rm -f "$aside"
  return "$code"
}

is_whole_key() { grep -qs '^-----END PGP PUBLIC KEY BLOCK-----' "$1"; }

# is_at_least OLDEST FOUND
is_at_least() {
  [ -n "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

tell_next() {
  if $is_dry; then
    printf '\nNothing was done: %s changes would be.\n' "$changes"
    return
  fi
  if [ "$changes" = 0 ]; then printf '\nNothing had to be changed.\n'; else printf '\nThe gateway is set up.\n'; fi
  local secret=/etc/octoporty/auth-secret
  if [ "$mode" = docker ]; then secret=$SECRET; fi
  # Where nobody looks, the output ends in a log.
  local shown="'what this says: sudo cat $secret'"
  if [ -t 1 ]; then shown=$(cat "$secret"); fi
  cat <<NEXT

At home, on any machine with Node 20 or newer, publish your first service:

  export OCTOPORTY_AUTH_SECRET=$shown
  export OCTOPORTY_UI_PASSWORD='choose one'
  npx octoporty agent --gateway-url wss://$name --map app.${name#*.}=http://127.0.0.1:3000

Its dashboard is on http://localhost:5080/ then. Whoever has the secret can publish names through this gateway.
NEXT
}

main "$@"
