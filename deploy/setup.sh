#!/usr/bin/env bash
# Sets up the public side of Octoporty on a fresh Ubuntu 24.04 or Debian 12: Caddy, the gateway and their shared secret.
#
# Usage: setup.sh [--name NAME] [options]            as root; asks for what it is not told
#   --name NAME          the gateway's public name, such as tunnel.example.com
#   --systemd            with services of systemd; so it is unless --docker is given
#   --docker             with containers, from a clone
#   --version VERSION    of Octoporty, from npm
#   --package FILE       Octoporty from this file of `npm pack` instead
#   --caddy-mirror URL   where Caddy's packages come from
#   --node-mirror URL    where Node's packages come from
#   --dry-run            says what it would do, and does nothing: anybody may
#   --uninstall          takes the gateway away; Caddy and Node stay as they are, and so do the settings and the secret
#   --purge              with --uninstall: settings, secret and the containers' certificates go too
#   --yes                asks nothing
#   --help               says this
#
# Run it as often as you like, after an interruption too: what is right stays as it is, and a line says so.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
# What other programs say is read here, and what they write has to be readable for services.
export LC_ALL=C.UTF-8
umask 022

readonly VERSION=0.1.0
readonly PREFIX=/opt/octoporty
readonly PROGRAM=$PREFIX/node_modules/.bin/octoporty
readonly COMMAND=/usr/local/bin/octoporty
readonly SETTINGS=/etc/octoporty
readonly CADDYFILE=/etc/caddy/Caddyfile
readonly CADDY_ADMIN=http://localhost:2019
readonly UNIT=octoporty-gateway
readonly UNIT_FILE=/etc/systemd/system/$UNIT.service
readonly UNIT_LINK=/etc/systemd/system/multi-user.target.wants/$UNIT.service
readonly AGENT_UNIT=/etc/systemd/system/octoporty-agent.service
readonly SYSCTL=/etc/sysctl.d/60-octoporty.conf
HERE=$(CDPATH='' cd "$(dirname "$0")" && pwd)
readonly HERE
# With containers.
readonly SECRET=$HERE/secrets/auth-secret
# As the images run, unless .env names another with CONTAINER_USER.
readonly IMAGE_USER=65532:65532
readonly OLDEST_NODE=24
readonly OLDEST_CADDY=2.8
# A machine that has just been made updates itself. Raised: who waits learns later that the lock is never given back.
readonly WAIT_FOR_APT_SECONDS=300

name='' mode=systemd version=$VERSION package='' is_dry=false is_removal=false is_purge=false asks=true of_services=''
caddy_mirror=https://dl.cloudsmith.io/public/caddy/stable
node_mirror=https://deb.nodesource.com
changes=0

main() {
  parse "$@"
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
  trap 'interrupted 129' HUP
  check_machine
  if $is_removal; then
    if [ "$mode" = docker ]; then remove_containers; else remove; fi
    tell_end 'The gateway is gone.'
  else
    learn_name
    if [ "$mode" = docker ]; then set_up_containers; else set_up_services; fi
    tell_end 'The gateway is set up.'
    $is_dry || tell_next
  fi
}

interrupted() {
  printf '\nsetup.sh: interrupted. Run it again: it goes on with what is missing.\n' >&2
  exit "$1"
}

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
      --version | --package | --caddy-mirror | --node-mirror) of_services=$1 ;;
    esac
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
  if [ "$mode" = docker ] && [ -n "$of_services" ]; then fail "$of_services is for services: --docker builds from the clone."; fi
  if [ -n "$package" ] && ! { [ -f "$package" ] && [ -r "$package" ]; }; then fail "--package: there is no file $package."; fi
  if [ -n "$name" ]; then take_name "$name"; fi
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
  is_root || $is_dry || fail "Run it as root: sudo $0 … (with --dry-run anybody may)"
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

is_root() { [ "$(id -u)" = 0 ]; }

in_release() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }

learn_name() {
  if [ -z "$name" ]; then
    if ! $asks || [ ! -t 0 ]; then fail 'Name the gateway: --name tunnel.example.com'; fi
    read -r -p 'Public name of the gateway, such as tunnel.example.com: ' name
    take_name "$name"
  fi
  tell_where_name_leads
}

take_name() {
  local why
  name=${1,,}
  name=${name%.}
  why=$(why_no_name "$name")
  [ -z "$why" ] || fail "\"$1\" is no public name for the gateway: $why."
}

# Nothing for a good one. What agents take for a public name, and browsers for a host, in two parts at least.
why_no_name() {
  local -r part='[a-z0-9]([a-z0-9-]*[a-z0-9])?'
  local -r alone='give the name alone, without a scheme, a port or a path'
  if [[ $1 == *[/@]* ]]; then
    echo "$alone"
  elif [[ $1 =~ ^[0-9]+(\.[0-9]+)*$ || $1 == *:*:* ]]; then
    echo 'that is an address, and both certificates and visitors go by names'
  elif [[ $1 == *:* ]]; then
    echo "$alone"
  elif [[ $1 == *'*'* ]]; then
    echo 'it has to be one full name, without "*"'
  elif [[ $1 =~ [^\ -~] ]]; then
    echo 'write it as DNS has it, beginning with "xn--"'
  elif [ ${#1} -gt 253 ] || [[ $1 =~ [^.]{64} ]]; then
    echo 'at most 63 characters may stand between dots, and 253 in all'
  elif ! [[ $1 =~ ^$part(\.$part)*$ ]]; then
    echo 'it should be like tunnel.example.com'
  elif [[ $1 != *.* ]]; then
    echo 'it is one word only, and should be like tunnel.example.com'
  elif [[ ${1##*.} =~ ^([0-9]+|0x[0-9a-f]*)$ ]]; then
    echo 'its last part is a number, as in an address'
  fi
}

tell_where_name_leads() {
  local there
  there=$(getent ahosts "$name" | awk '!seen[$1]++ { printf "%s%s", sep, $1; sep = ", " }') || true
  if [ -z "$there" ]; then
    hint "$name has no address in DNS yet. Create an A record (and AAAA, where there is IPv6) that leads to this machine."
  else
    say ok "$name leads to $there: it has to be this machine"
  fi
}

# --- With systemd

set_up_services() {
  check_caddyfile
  check_ports caddy
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

# One that somebody has written stays: all that the gateway needs is the admin API, which is there unless it was turned off.
check_caddyfile() {
  local admin
  if is_caddyfile_ours; then return; fi
  admin=$(sed -nE 's/^[[:space:]]*admin[[:space:]]+([^[:space:]{]+).*/\1/p' "$CADDYFILE" | head -n 1)
  case $admin in
    '' | localhost:2019 | 127.0.0.1:2019 | :2019 | '[::1]:2019') ;;
    off) fail "$CADDYFILE turns the admin API off, by which the gateway publishes names: remove \"admin off\" from it." ;;
    *) fail "$CADDYFILE has the admin API at $admin, and this looks for it at localhost:2019: change that, or see docs/production.md to do it by hand." ;;
  esac
}

# check_ports PROGRAM: the one that may have them. Whatever was there first would answer in its stead.
check_ports() {
  local port who
  for port in 80 443; do
    who=$(listener_on "$port") || exit
    if [ -z "$who" ] || [ "${who%% *}" = "$1" ]; then continue; fi
    if [ "$who" = unknown ]; then
      unseen "what listens on port $port"
    elif [ "$1" = caddy ] && ! is_caddyfile_ours; then
      hint "Port $port is taken by $who: your $CADDYFILE has to give Caddy another one (http_port, https_port)."
    else
      fail "Port $port is taken by $who, and Caddy needs it: stop that, or give Caddy other ports (docs/caddy.md)."
    fi
  done
}

# listener_on PORT: its name and number; "unknown" where only root may know it.
listener_on() {
  local line
  command -v ss >/dev/null || return 0
  line=$(ss -Hltnp "sport = :$1" 2>/dev/null | head -n 1)
  [ -n "$line" ] || return 0
  sed -nE 's/.*users:\(\("([^"]*)",pid=([0-9]+).*/\1 (process \2)/p;t;s/.*/unknown/p' <<<"$line"
}

install_node() {
  if has_node; then
    say ok "Node $(node_version)"
  else
    add_repository nodesource "$node_mirror/gpgkey/nodesource-repo.gpg.key" "$node_mirror/node_24.x" nodistro
    install_packages nodejs
    $is_dry || has_node || fail_by_older node "$(node_version)" nodejs
  fi
  case $(readlink -f "$(command -v node)") in
    /root/* | /home/*) fail "$(command -v node) is in somebody's home, where no service may read it. Remove it, or run this with the programs of the system: sudo env PATH=/usr/sbin:/usr/bin:/sbin:/bin $0 …" ;;
  esac
}

has_node() {
  hash -r
  is_at_least "$OLDEST_NODE" "$(node_version)" && command -v npm >/dev/null
}

node_version() { node --version 2>/dev/null | tr -d v || true; }

install_caddy() {
  if has_caddy; then
    say ok "Caddy $(caddy_version)"
    return
  fi
  add_repository caddy-stable "$caddy_mirror/gpg.key" "$caddy_mirror/deb/debian" any-version
  install_packages caddy
  $is_dry || has_caddy || fail_by_older caddy "$(caddy_version)" caddy
}

has_caddy() {
  hash -r
  is_at_least "$OLDEST_CADDY" "$(caddy_version)"
}

caddy_version() { caddy version 2>/dev/null | sed 's/^v\([0-9.]*\).*/\1/' || true; }

# fail_by_older PROGRAM VERSION PACKAGE: the package is there, new enough, and its program is not what is found.
fail_by_older() {
  local found
  found=$(command -v "$1") || fail "The package $3 is installed, but its program $1 is gone: apt-get install --reinstall $3"
  fail "$found is found before the $1 that was installed now, and too old (${2:-it does not run}): remove it, then run this again."
}

install_octoporty() {
  local what=octoporty@$version wanted
  if [ -n "$package" ]; then what=$(readlink -f "$package"); fi
  wanted=$what
  if [ -n "$package" ]; then wanted=$(sha256sum "$package" | cut -d' ' -f1); fi
  is_program_new=false
  if [ "$(cat "$PREFIX/.installed" 2>/dev/null)" = "$wanted" ] && runs "$PROGRAM"; then
    say ok "Octoporty $("$PROGRAM" --version)"
  else
    is_program_new=true
    do_it "install $what into $PREFIX" install_program "$what" "$wanted"
  fi
  if [ "$(readlink "$COMMAND")" = "$PROGRAM" ]; then return; fi
  if [ -e "$COMMAND" ]; then
    hint "$COMMAND is another one, and stays. The one that is set up here is $PROGRAM."
  else
    do_it "link $COMMAND to $PROGRAM" ln -sfn "$PROGRAM" "$COMMAND"
  fi
}

# install_program WHAT STAMP: beside its place, then all of it at once, so that what was interrupted is as it was.
install_program() {
  local code=0
  bring_back_program
  # Node is there: the one that the package could bring along is not needed.
  TMPDIR=$scratch npm install --prefix "$PREFIX.new" --cache "$PREFIX.new/.npm" --logs-max=0 --omit=optional --no-fund --no-audit \
    --no-update-notifier --loglevel=error "$1" &&
    rm -rf "$PREFIX.new/.npm" &&
    printf '%s\n' "$2" >"$PREFIX.new/.installed" &&
    if [ -e "$PREFIX" ]; then mv -T "$PREFIX" "$PREFIX.old"; fi &&
    mv -T "$PREFIX.new" "$PREFIX" || code=$?
  bring_back_program
  return "$code"
}

# What an installation has left beside the program; that was on its way out when there is no other.
bring_back_program() {
  if [ -e "$PREFIX.old" ] && [ ! -e "$PREFIX" ]; then mv -T "$PREFIX.old" "$PREFIX"; fi
  rm -rf "$PREFIX.new" "$PREFIX.old"
}

# runs PROGRAM: a link may lead nowhere, Node be gone, half of the modules be missing.
runs() { [ -x "$1" ] && "$1" --version >/dev/null 2>&1; }

configure_caddy() {
  is_file_changed=false
  if is_caddyfile_ours; then
    put "$CADDYFILE" 644 < <(caddyfile)
  else
    say ok "$CADDYFILE stays as you have written it"
  fi
  if ! systemctl is-enabled --quiet caddy 2>/dev/null; then do_it 'have Caddy start with the machine' systemctl enable caddy; fi
  if ! systemctl is-active --quiet caddy 2>/dev/null; then
    do_it 'start Caddy' systemctl start caddy
  elif $is_file_changed; then
    do_it 'have Caddy read it' systemctl reload caddy
  fi
  $is_dry ||
    curl --noproxy '*' --silent --fail --output /dev/null --retry 10 --retry-connrefused --retry-delay 1 "$CADDY_ADMIN/config/" ||
    fail "Caddy's admin API does not answer at $CADDY_ADMIN, by which the gateway publishes names: see $CADDYFILE, and journalctl --unit caddy --lines 30"
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
  local -a words=(install gateway --gateway-host "$name" --caddy-admin-url "$CADDY_ADMIN" --listen-host 127.0.0.1)
  if $is_dry && { ! is_seen "$SETTINGS" || ! runs "$PROGRAM"; }; then
    would "octoporty service ${words[*]}"
    return
  fi
  run_service "${words[@]}"
  if $is_dry || ! $is_program_new; then return; fi
  # The same version in other files: its unit is the same, and nothing has started it anew.
  if ! grep -qE '^(re)?started ' <<<"$told"; then
    do_it 'start the gateway anew' systemctl restart "$UNIT"
    run_service "${words[@]}"
  fi
  if [ -e "$AGENT_UNIT" ]; then
    hint "The agent's service on this machine runs what was there before, until: octoporty service install agent"
  fi
}

# run_service WORDS…: of `octoporty service`. What it has done is told in our words; `told` is all that it has said.
run_service() {
  local code=0 word rest
  if $is_dry; then set -- "$@" --dry-run; fi
  told=$("$PROGRAM" service "$@" 2>"$scratch/why") || code=$?
  while read -r word rest; do
    rest=$(tr -s ' ' <<<"$rest")
    case $word in
      unchanged) say ok "$rest" ;;
      would) would "$rest" ;;
      made | changed | started | restarted | stopped | enabled | disabled | removed) changes=$((changes + 1)) && say 'done' "$word $rest" ;;
      Kept:) hint "$word $rest" ;;
      octoporty-*) say ok "$word $rest" ;;
      '') break ;;
    esac
  done <<<"$told"
  if [ "$code" != 0 ]; then fail "$(cat "$scratch/why")"; fi
  if [[ $told == *' is healthy.'* ]]; then say ok 'the gateway is healthy'; fi
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
  check_ports docker-proxy
  install_docker
  if [ -e "$HERE/.env" ]; then is_seen "$HERE/.env" || true; fi
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
  read_lists
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
    do_it "make the secret $SECRET, for user ${user%:*}" make_secret "$SECRET" "$user"
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
  local -a compose=(docker compose --file "$HERE/docker-compose.yml")
  if ! docker compose version >/dev/null 2>&1; then
    hint 'There is no Docker here, and so no container.'
  else
    # It wants to know the name to take away what has it, too.
    if ! grep -qs '^OCTOPORTY_GATEWAY_HOST=.' "$HERE/.env"; then compose=(env OCTOPORTY_GATEWAY_HOST=gone.invalid "${compose[@]}"); fi
    do_it 'stop the containers and remove them' "${compose[@]}" down --remove-orphans
    if $is_purge; then do_it 'remove certificates' "${compose[@]}" down --volumes; fi
  fi
  if ! $is_purge; then return; fi
  if [ -e "$SECRET" ]; then do_it "remove $SECRET" rm -f "$SECRET"; fi
  if [ -r "$HERE/.env" ] && ! grep -qv '^OCTOPORTY_GATEWAY_HOST=' "$HERE/.env"; then do_it "remove $HERE/.env" rm "$HERE/.env"; fi
}

# --- Taking it away

remove() {
  local file
  remove_gateway
  for file in "$SYSCTL" "$PREFIX.new" "$PREFIX.old"; do
    if [ -e "$file" ]; then do_it "remove $file" rm -rf "$file"; fi
  done
  if grep -qsF "$PREFIX/" "$AGENT_UNIT"; then
    hint "$PREFIX and $COMMAND stay: the agent's service on this machine runs from there."
  else
    if [ "$(readlink "$COMMAND")" = "$PROGRAM" ]; then do_it "remove $COMMAND" rm "$COMMAND"; fi
    if [ -d "$PREFIX" ]; then do_it "remove $PREFIX" rm -rf "$PREFIX"; fi
  fi
  tell_what_stays
}

# By its own program, where there is one that runs.
remove_gateway() {
  local -a words=(uninstall gateway)
  if $is_purge; then words+=(--purge); fi
  if $is_dry && ! is_seen "$SETTINGS"; then
    would "octoporty service ${words[*]}"
  elif runs "$PROGRAM"; then
    run_service "${words[@]}"
  else
    remove_gateway_by_hand
  fi
}

remove_gateway_by_hand() {
  local file state is_unit_gone=false
  # What has no unit any more may still run.
  state=$(systemctl is-active "$UNIT" 2>/dev/null) || true
  case $state in
    active | activating | reloading | deactivating) do_it "stop $UNIT" systemctl stop "$UNIT" ;;
  esac
  for file in "$UNIT_LINK" "$UNIT_FILE"; do
    if [ -e "$file" ] || [ -L "$file" ]; then
      do_it "remove $file" rm "$file"
      is_unit_gone=true
    fi
  done
  if $is_unit_gone; then
    do_quietly systemctl daemon-reload || true
    do_quietly systemctl reset-failed "$UNIT" || true
  fi
  if ! $is_purge; then
    if [ -e "$SETTINGS" ]; then hint "$SETTINGS stays: with --purge it goes too."; fi
    return
  fi
  for file in "$UNIT_FILE.d" "$SETTINGS/gateway.env"; do
    if [ -e "$file" ]; then do_it "remove $file" rm -rf "$file"; fi
  done
  # The agent on the same machine has the same secret.
  if [ -e "$SETTINGS" ] && [ ! -e "$SETTINGS/agent.env" ]; then do_it "remove $SETTINGS" rm -rf "$SETTINGS"; fi
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

# would WHAT: a change that is only told.
would() {
  changes=$((changes + 1))
  say would "$1"
}

# unseen WHAT
unseen() { hint "Only root may look at $1: with sudo this says more."; }

# is_seen FILE: may be read, or is not there; else says so.
is_seen() {
  if [ ! -e "$1" ] || [ -r "$1" ]; then return 0; fi
  unseen "$1"
  return 1
}

# do_it WHAT COMMAND…: a change.
do_it() {
  local what=$1 by=": ${*:2}"
  shift
  # A step of our own is told by its words alone.
  if [ "$(type -t "$1")" = function ]; then by=''; fi
  if $is_dry; then
    would "$what$by"
    return
  fi
  changes=$((changes + 1))
  if [ -t 1 ]; then printf '… %s\r' "$what"; fi
  local output
  # What the programs say is for whoever has to find out why one failed.
  if ! output=$("$@" 2>&1); then
    printf '%s\n' "$output" >&2
    fail "This failed: $what$by. What is done stays done: run it again once that is mended."
  fi
  say 'done' "$what"
}

do_quietly() { $is_dry || "$@" >/dev/null 2>&1; }

# put FILE MODE [OWNER]: what comes in is in the file, whole or not at all; root's, unless told. Sets is_file_changed.
put() {
  local file=$1 mode=$2 owner=${3:-0:0} aside
  aside=$(mktemp "$scratch/XXXXXX")
  cat >"$aside"
  is_file_changed=false
  if cmp -s "$aside" "$file" && [ "$(stat -c %a "$file")" = "$mode" ]; then
    say ok "$file"
  else
    is_file_changed=true
    do_it "write $file" install_file "$aside" "$file" "$mode" "$owner"
  fi
}

# install_file FROM TO MODE OWNER
install_file() { install -D -m "$3" -o "${4%:*}" -g "${4#*:}" "$1" "$2.new" && mv -f "$2.new" "$2"; }

need_packages() {
  local one
  local -a missing=()
  for one; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$one" 2>/dev/null | grep -qx installed || missing+=("$one")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    read_lists
    install_packages "${missing[@]}"
  fi
}

read_lists() { do_it 'read the lists of packages' apt-get -qq -o "DPkg::Lock::Timeout=$WAIT_FOR_APT_SECONDS" update; }

# What is asked for is not there, whatever dpkg believes of it: hence anew. Files that somebody has changed stay as they are.
install_packages() {
  if [ -n "$(dpkg --audit 2>/dev/null)" ]; then do_it 'finish what another installation has begun' dpkg --configure --pending --force-confdef --force-confold; fi
  do_it "install $*" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --reinstall --no-install-recommends \
    -o "DPkg::Lock::Timeout=$WAIT_FOR_APT_SECONDS" -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# add_repository NAME KEY_URL URL SUITE: its packages count only when that key has signed them.
add_repository() {
  local key=/etc/apt/keyrings/$1.asc
  if ! is_whole_key "$key"; then do_it "fetch $2 into $key" fetch_key "$2" "$key"; fi
  put "/etc/apt/sources.list.d/$1.sources" 644 <<SOURCES
Types: deb
URIs: $3
Suites: $4
Components: main
Signed-By: $key
SOURCES
  read_lists
}

# fetch_key URL FILE: fetched aside, so that one that came by half is not there. apt reads it as a user of its own.
fetch_key() {
  local -r aside=$scratch/key
  curl -fsSL --retry 3 --output "$aside" "$1" || return
  is_whole_key "$aside" || { echo "What $1 answers is no key." && return 1; }
  install_file "$aside" "$2" 644 0:0
}

is_whole_key() { grep -qs '^-----END PGP PUBLIC KEY BLOCK-----' "$1"; }

# is_at_least OLDEST FOUND
is_at_least() {
  [ -n "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

tell_end() {
  if $is_dry; then
    printf '\nNothing was done: %s changes would be.\n' "$changes"
  elif [ "$changes" = 0 ]; then
    printf '\nNothing had to be changed.\n'
  else
    printf '\n%s\n' "$1"
  fi
}

tell_next() {
  local secret=$SETTINGS/auth-secret domain=${name#*.}
  if [ "$mode" = docker ]; then secret=$SECRET; fi
  # Names are published beside the gateway's own, or below it where that is a whole domain.
  if [[ $domain != *.* ]]; then domain=$name; fi
  # Where nobody looks, the output ends in a log.
  local shown="'what this says: sudo cat $secret'"
  if [ -t 1 ]; then shown=$(cat "$secret"); fi
  cat <<NEXT

At home, on any machine with Node 20 or newer, publish your first service:

  export OCTOPORTY_AUTH_SECRET=$shown
  export OCTOPORTY_UI_PASSWORD='choose one'
  npx octoporty agent --gateway-url wss://$name --map app.$domain=http://127.0.0.1:3000

Its dashboard is on http://localhost:5080/ then. Whoever has the secret can publish names through this gateway.
NEXT
}

main "$@"
