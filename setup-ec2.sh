#!/usr/bin/env bash
# Prepares an Amazon Linux 2023 machine for deploy.sh. Safe to run again: what is already right is left alone.
set -euo pipefail

HOME_FOLDER=${TELELINK_HOME:-/var/lib/telelink}
OS_RELEASE=${OS_RELEASE_FILE:-/etc/os-release}
readonly SERVICE_ID=10001 # the numeric user in the Dockerfile

usage() {
  cat <<'TEXT'
Usage: bash setup-ec2.sh    as a user who may use sudo, on Amazon Linux 2023

Installs Docker and Git, starts Docker now and at every boot, lets the calling user use it, and makes the data folder
(TELELINK_HOME/data, by default /var/lib/telelink/data) for the service's user 10001. Run it again whenever you like.
TEXT
}

main() {
  case "${1:-}" in
    "") ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  trap 'fail "line $LINENO failed: $BASH_COMMAND"' ERR
  require_amazon_linux
  install_packages
  start_docker
  allow_docker
  make_data_folder
  check_docker
  say "next: open port 80 in the security group, then run: ./deploy.sh"
}

say() { printf 'setup-ec2.sh: %s\n' "$*"; }

fail() {
  printf 'setup-ec2.sh: failed: %s\n' "$1" >&2
  exit 1
}

require_amazon_linux() {
  if ! grep -qs '^ID="\?amzn"\?$' "$OS_RELEASE" || ! grep -qs '^VERSION_ID="\?2023' "$OS_RELEASE"; then
    fail "this script is for Amazon Linux 2023; elsewhere install Docker Engine, curl and git, and make the data folder by hand (docs/deploy.md)"
  fi
}

install_packages() {
  local package missing=()
  for package in docker git; do
    rpm --quiet --query "$package" || missing+=("$package")
  done
  # Amazon's curl-minimal already brings curl, and asking for the full package would conflict with it.
  command -v curl >/dev/null || missing+=(curl-minimal)
  command -v flock >/dev/null || missing+=(util-linux)
  if ((${#missing[@]} == 0)); then
    say "packages: already installed"
    return 0
  fi
  sudo dnf install --assumeyes --quiet "${missing[@]}" || fail "packages could not be installed: ${missing[*]}"
  say "packages: installed ${missing[*]}"
}

start_docker() {
  if systemctl is-enabled --quiet docker && systemctl is-active --quiet docker; then
    say "docker: already running, starts at boot"
    return 0
  fi
  sudo systemctl enable --now docker || fail "Docker could not be started; see: sudo journalctl --unit docker"
  say "docker: started, and starts at boot"
}

allow_docker() {
  local user
  user=${SUDO_USER:-$(id -un)}
  if [[ $user == root ]]; then
    say "docker group: not needed for root"
  elif id -nG "$user" | tr ' ' '\n' | grep -qx docker; then
    say "docker group: $user is already in it"
  else
    sudo usermod --append --groups docker "$user" || fail "$user could not be added to the docker group"
    say "docker group: added $user; it counts from the next login, until then deploy.sh uses sudo"
  fi
}

make_data_folder() {
  # Everybody may open the outer folder, because deploy.sh takes its lock on it; the data is the service's alone.
  sudo install -d -o root -g root -m 0755 "$HOME_FOLDER" || fail "$HOME_FOLDER could not be made"
  sudo install -d -o "$SERVICE_ID" -g "$SERVICE_ID" -m 0700 "$HOME_FOLDER/data" || fail "$HOME_FOLDER/data could not be made"
  say "data folder: $HOME_FOLDER/data belongs to user $SERVICE_ID"
}

check_docker() {
  sudo docker info >/dev/null 2>&1 || fail "the Docker engine does not answer; see: sudo journalctl --unit docker"
  say "docker: the engine answers"
}

main "$@"
