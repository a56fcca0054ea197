#!/usr/bin/env bash
# Puts a new version on port 80, or goes back to the previous one. Exit 0 means that the new version serves;
# any other exit means that the version which served before still does. See docs/deploy.md.
set -euo pipefail
set -o errtrace

HOME_FOLDER=${TELELINK_HOME:-/var/lib/telelink}
READY_SECONDS=${TELELINK_READY_SECONDS:-60}
POLL_SECONDS=${TELELINK_POLL_SECONDS:-1}
DATA_FOLDER=$HOME_FOLDER/data
readonly LIVE=telelink PARKED=telelink-parked TRIAL=telelink-trial
readonly LIVE_PORT=80 TRIAL_PORT=8001
readonly CURRENT=telelink:current PREVIOUS=telelink:previous

DOCKER=(docker)
PHASE=check
REASON=
OUTCOME="nothing was changed"
RELEASE=
BUILT_TAG=
NEW_IMAGE=
OLD_CONTAINER=
OLD_IMAGE=
OLD_PREVIOUS=

usage() {
  cat <<'TEXT'
Usage: ./deploy.sh              build this checkout, try it on 127.0.0.1:8001, put it on port 80
       ./deploy.sh --rollback   put the previous image back on port 80
       ./deploy.sh --help

A version that cannot be built, started or switched to is never left on port 80: the old one serves, and the exit code is not 0.
Environment: TELELINK_HOME (/var/lib/telelink; its folder data/ is mounted at /data), TELELINK_READY_SECONDS (60), TELELINK_POLL_SECONDS (1).
TEXT
}

main() {
  local mode=deploy
  case "${1:-}" in
    "") ;;
    --rollback) mode=rollback ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  (($# <= 1)) || { usage >&2 && exit 2; }
  cd "$(dirname "${BASH_SOURCE[0]}")"
  # A signal may arrive while a command's own output is redirected: the last line must come out all the same.
  exec 3>&2
  trap on_exit EXIT
  trap 'REASON=${REASON:-"line $LINENO failed: $BASH_COMMAND"}' ERR
  trap 'fail "stopped by a signal"' INT TERM HUP
  # A log reader that goes away must not end a switch half-way.
  trap '' PIPE

  check_machine
  find_old_version
  PHASE=trial
  if [[ $mode == deploy ]]; then build_image; else choose_previous_image; fi
  try_new_version
  PHASE=switch
  switch_versions
  record_versions
  PHASE=finished
  tidy_up
  say "serving $RELEASE at http://$(public_address)/"
  say "go back with: ./deploy.sh --rollback"
}

say() { printf 'deploy.sh: %s\n' "$*" 2>/dev/null || true; }

fail() {
  REASON=$1
  exit 1
}

engine() { "${DOCKER[@]}" "$@"; }

# The ids of containers with exactly this name; with --all also stopped ones.
container_id() { engine ps --quiet --no-trunc "${@:2}" --filter "name=^$1\$"; }

# Nothing when there is no such image; a failure means that the engine did not answer.
image_id() { engine image ls --quiet --no-trunc "$1"; }

answers() { curl --fail --silent --noproxy '*' --max-time 3 --output /dev/null "http://127.0.0.1:$1/readyz"; }

# Trial and real start differ in name, address and data folder only: every other option is here, once.
start_container() {
  local name=$1 publish=$2 data_mount=$3
  engine run --detach --name "$name" --publish "$publish" --mount "$data_mount" \
    --label "telelink.release=$RELEASE" \
    --read-only --tmpfs /tmp:rw,noexec,nosuid,nodev,size=64m \
    --cap-drop ALL --security-opt no-new-privileges --pids-limit 256 \
    --memory 800m --memory-swap 800m \
    --restart unless-stopped --stop-timeout 30 \
    --log-driver json-file --log-opt max-size=10m --log-opt max-file=5 \
    "$NEW_IMAGE" >/dev/null
}

wait_until_ready() {
  local container=$1 port=$2 deadline=$((SECONDS + READY_SECONDS)) state
  until answers "$port"; do
    state=$(engine inspect --format '{{.State.Status}} {{.RestartCount}}' "$container" 2>/dev/null) || state="unknown 0"
    # A restart policy hides a crash: the counter shows it, and there is no point in waiting for the deadline.
    if [[ $state == exited* || $state == dead* || $state != *" 0" ]] || ((SECONDS >= deadline)); then
      engine logs --tail 20 "$container" >&2 || true
      return 1
    fi
    sleep "$POLL_SECONDS"
  done
}

check_machine() {
  local tool
  [[ $READY_SECONDS =~ ^[0-9]+$ ]] || fail "TELELINK_READY_SECONDS must be a whole number"
  for tool in docker curl flock; do
    command -v "$tool" >/dev/null || fail "$tool is not installed; run: bash setup-ec2.sh"
  done
  [[ -d $DATA_FOLDER ]] || fail "the data folder $DATA_FOLDER is missing; run: bash setup-ec2.sh"
  # The lock is on the folder itself, so that a killed deploy leaves no stale lock file behind.
  exec 9<"$HOME_FOLDER"
  flock --nonblock 9 || fail "another deploy is running"
  if ! engine info >/dev/null 2>&1; then
    DOCKER=(sudo --non-interactive docker)
    engine info >/dev/null 2>&1 || fail "the Docker engine does not answer; try: sudo systemctl start docker"
  fi
}

find_old_version() {
  finish_interrupted_deploy
  OLD_CONTAINER=$(container_id "$LIVE" --all) || fail "the running version could not be looked up"
  OLD_IMAGE=$(image_id "$CURRENT") || fail "the current image could not be looked up"
  if [[ -n $OLD_CONTAINER ]]; then
    OLD_IMAGE=$(engine inspect --format '{{.Image}}' "$OLD_CONTAINER") || fail "the image of the running version could not be looked up"
  fi
  OLD_PREVIOUS=$(image_id "$PREVIOUS") || fail "the previous image could not be looked up"
  require_free_data_folder "$OLD_CONTAINER"
}

# A parked container means that an earlier run was killed (power, SIGKILL) during its switch.
finish_interrupted_deploy() {
  local parked live live_image=none current=
  parked=$(container_id "$PARKED" --all) || fail "containers could not be listed"
  [[ -n $parked ]] || return 0
  live=$(container_id "$LIVE") || fail "containers could not be listed"
  if [[ -n $live ]]; then
    live_image=$(engine inspect --format '{{.Image}}' "$live") || fail "the image of the running version could not be looked up"
    current=$(image_id "$CURRENT") || fail "the current image could not be looked up"
  fi
  if [[ $live_image == "$current" ]]; then
    engine rm --force "$parked" >/dev/null || fail "the left-over container $PARKED could not be removed"
    return 0
  fi
  say "an earlier deploy was interrupted; its old version is put back first"
  OUTCOME="see: docker ps --all"
  OLD_CONTAINER=$parked
  put_old_container_back || fail "the version before the interrupted deploy could not be put back"
}

# SQLite in write-ahead mode allows one service per folder; $1 is the container that may use it.
require_free_data_folder() {
  local users user
  users=$(engine ps --quiet --no-trunc --filter "volume=$DATA_FOLDER") || fail "the users of $DATA_FOLDER could not be listed"
  for user in $users; do
    [[ $user == "$1" ]] || fail "container ${user:0:12} also uses $DATA_FOLDER; stop it first"
  done
}

build_image() {
  local commit changes
  commit=$(git rev-parse --short=12 HEAD 2>/dev/null) || commit=nogit
  changes=$(git status --porcelain 2>/dev/null) || changes=
  RELEASE=$(date -u +%Y%m%dT%H%M%SZ)-$commit${changes:+-dirty}
  BUILT_TAG=telelink:$RELEASE
  say "building $BUILT_TAG"
  engine build --pull --tag "$BUILT_TAG" --label "telelink.release=$RELEASE" . || fail "the image could not be built"
  NEW_IMAGE=$(image_id "$BUILT_TAG") || fail "the built image could not be looked up"
  [[ -n $NEW_IMAGE ]] || fail "the built image could not be found"
}

choose_previous_image() {
  [[ -n $OLD_PREVIOUS ]] || fail "there is no previous version to go back to"
  NEW_IMAGE=$OLD_PREVIOUS
  RELEASE=$(engine image inspect --format '{{index .Config.Labels "telelink.release"}}' "$NEW_IMAGE") || fail "the previous image could not be read"
  say "going back to $RELEASE"
}

try_new_version() {
  remove_container "$TRIAL" || fail "the left-over container $TRIAL could not be removed"
  say "trying $RELEASE on 127.0.0.1:$TRIAL_PORT with an empty data folder in memory"
  start_container "$TRIAL" "127.0.0.1:$TRIAL_PORT:8000" "type=tmpfs,target=/data,tmpfs-size=64m,tmpfs-mode=1777" \
    || fail "the new version could not be started on the trial port"
  wait_until_ready "$TRIAL" "$TRIAL_PORT" || fail "the new version was not ready on the trial port within $READY_SECONDS s"
  remove_container "$TRIAL" || fail "the trial container could not be removed"
}

switch_versions() {
  if [[ -n $OLD_CONTAINER ]]; then
    say "stopping the old version"
    # Parked before it is stopped: whatever kills this script from here on, the next run knows which one to put back.
    engine rename "$OLD_CONTAINER" "$PARKED" || fail "the old container could not be renamed"
    engine stop "$OLD_CONTAINER" >/dev/null || fail "the old version could not be stopped"
  fi
  require_free_data_folder ""
  start_container "$LIVE" "$LIVE_PORT:8000" "type=bind,source=$DATA_FOLDER,target=/data" \
    || fail "the new version could not be started on port $LIVE_PORT"
  wait_until_ready "$LIVE" "$LIVE_PORT" || fail "the new version was not ready on port $LIVE_PORT within $READY_SECONDS s"
}

record_versions() {
  PHASE=record
  # The same image deployed twice must not push the real previous version out.
  if [[ -n $OLD_IMAGE && $OLD_IMAGE != "$NEW_IMAGE" ]]; then
    engine tag "$OLD_IMAGE" "$PREVIOUS" || fail "the old image could not be kept as $PREVIOUS"
  fi
  engine tag "$NEW_IMAGE" "$CURRENT" || fail "the new image could not be marked as $CURRENT"
}

tidy_up() {
  local current previous id tag
  if [[ -n $OLD_CONTAINER ]]; then
    engine rm "$OLD_CONTAINER" >/dev/null || say "warning: the container $PARKED could not be removed; the next deploy will do it"
  fi
  # Unless both images to keep are known, nothing is removed; and nothing ever by force.
  current=$(image_id "$CURRENT") && previous=$(image_id "$PREVIOUS") && [[ -n $current ]] || return 0
  { engine image ls --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' telelink || true; } | while read -r id tag; do
    if [[ $id != "$current" && $id != "$previous" ]]; then
      engine image rm "$tag" >/dev/null || say "warning: the old image $tag could not be removed"
    fi
  done
}

public_address() {
  local base=http://169.254.169.254/latest token item address
  local ask=(curl --fail --silent --noproxy '*' --connect-timeout 1 --max-time 2)
  if token=$("${ask[@]}" --request PUT --header "X-aws-ec2-metadata-token-ttl-seconds: 60" "$base/api/token"); then
    for item in public-ipv4 local-ipv4; do
      address=$("${ask[@]}" --header "X-aws-ec2-metadata-token: $token" "$base/meta-data/$item") || address=
      if [[ $address =~ ^[0-9.]+$ ]]; then
        printf '%s' "$address"
        return 0
      fi
    done
  fi
  uname -n
}

# Undoing must survive one passing fault of the engine: each step is tried three times.
insist() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    ((attempt == 3)) || sleep "$POLL_SECONDS"
  done
  return 1
}

remove_container() {
  local id
  id=$(container_id "$1" --all) || return 1
  [[ -n $id ]] || return 0
  engine rm --force "$id" >/dev/null
}

put_old_container_back() {
  local newer
  newer=$(insist container_id "$LIVE" --all) || return 1
  if [[ -n $newer && $newer != "$OLD_CONTAINER" ]]; then
    engine stop "$newer" >/dev/null || true
    # As long as the new container may still write to the data folder, the old one must not start.
    insist engine rm --force "$newer" >/dev/null || return 1
    newer=
  fi
  [[ -n $OLD_CONTAINER ]] || return 0
  insist engine start "$OLD_CONTAINER" >/dev/null || return 1
  [[ -n $newer ]] || insist engine rename "$OLD_CONTAINER" "$LIVE" || say "warning: the old version runs as $PARKED" >&2
}

put_old_tags_back() {
  if [[ -n $OLD_IMAGE ]]; then insist engine tag "$OLD_IMAGE" "$CURRENT"; else engine image rm "$CURRENT" >/dev/null 2>&1; fi
  if [[ -n $OLD_PREVIOUS ]]; then insist engine tag "$OLD_PREVIOUS" "$PREVIOUS"; else engine image rm "$PREVIOUS" >/dev/null 2>&1; fi
}

undo_switch() {
  say "putting the old version back" >&2
  put_old_container_back || return 1
  [[ $PHASE == switch ]] || put_old_tags_back
  [[ -z $OLD_CONTAINER ]] || insist wait_until_ready "$OLD_CONTAINER" "$LIVE_PORT"
}

on_exit() {
  local status=$?
  trap - EXIT ERR
  trap '' INT TERM HUP
  ((status != 0)) || return 0
  set +e
  case $PHASE in
    trial | switch | record)
      insist remove_container "$TRIAL"
      OUTCOME="the old version still serves"
      if [[ -z $OLD_CONTAINER ]]; then
        OUTCOME="nothing served before and nothing serves now"
      elif [[ $PHASE == trial ]] && ! insist answers "$LIVE_PORT"; then
        OUTCOME="the old version was not touched, but it does not answer on port $LIVE_PORT"
      fi
      ;;&
    switch | record)
      undo_switch || OUTCOME="THE OLD VERSION COULD NOT BE PUT BACK; see: docker ps --all, then run ./deploy.sh again"
      ;;&
    trial | switch | record) [[ -z $BUILT_TAG ]] || engine image rm "$BUILT_TAG" >/dev/null 2>&1 ;;
    finished) OUTCOME="the new version serves all the same" ;;
  esac
  printf 'deploy.sh: failed: %s; %s\n' "${REASON:-unknown reason}" "$OUTCOME" >&3
  exit "$status"
}

main "$@"
