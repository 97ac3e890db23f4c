# shellcheck shell=bash
# Sourced by every script in setup/: paths, messages, root rights.
# Sets PULT_ROOT (the source tree) and PULT_CACHE (downloads and the engine's data, safe to delete).

PULT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
PULT_CACHE="${PULT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pult}"
export PULT_ROOT PULT_CACHE

# Messages go to stderr: stdout belongs to what a script answers.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Exit code 2: called wrongly.
usage() {
  printf 'usage: %s\n' "$*" >&2
  exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo -- "$@"
  else
    die "this step needs root rights: run it as root, or install sudo"
  fi
}

# wait_until SECONDS COMMAND...: polls every 0.1 s, succeeds as soon as the command does.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# Points `docker` at the engine in use, and starts one if there is none.
use_engine() {
  local line
  line="$("$PULT_ROOT/setup/engine" start)"
  export "${line?}"
}

# Where this machine itself gets Debian bookworm from, as lines for apt; nothing on another system.
# Left out: addresses with a password in them, which would end up in an image's history.
debian_sources() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format 'deb $(SITE) $(RELEASE) $(COMPONENT) # $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
    awk '$3 ~ /^bookworm/ && $4 == "main" && $NF == "Debian" && $2 ~ /^http/ && $2 !~ /@/ { print $1, $2, $3, $4 }'
}
