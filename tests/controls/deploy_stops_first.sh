#!/usr/bin/env bash
# The deploy everybody writes first, and the experiment's control: it stops the old version before it knows that the new one
# builds, tries nothing, and has nothing to go back to. tests/shipping must report it.
set -euo pipefail

fail() {
  printf 'deploy.sh: failed: %s\n' "$1" >&2
  exit 1
}

old=$(docker ps --quiet --no-trunc --all --filter 'name=^telelink$')
if [[ -n $old ]]; then
  docker stop "$old" >/dev/null
  docker rm --force "$old" >/dev/null
fi
docker build --pull --tag telelink:current . || fail "the image could not be built"
docker run --detach --name telelink --publish 80:8000 --mount "type=bind,source=$TELELINK_HOME/data,target=/data" \
  telelink:current || fail "the container could not be started"
curl --fail --silent "http://127.0.0.1:80/readyz" || fail "the service is not ready"
