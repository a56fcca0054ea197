# The serving image: the locked packages and the files the server reads, nothing else.
# The Debian release and the Python minor are pinned; deploy.sh builds with --pull, so security patches of both arrive by themselves.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS packages
WORKDIR /build
COPY requirements.txt ./
# The lock is the whole closure: --no-deps lets nothing in that has no hash, and `pip check` proves that nothing is missing.
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv install --no-cache-dir --no-deps --only-binary=:all: --require-hashes -r requirements.txt \
    && python -m pip --python /opt/venv check

# The chart library of the pages, as package-lock.json has it; nothing else of Node.js reaches the image.
FROM node:24-trixie-slim AS charts
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${BASE} AS files
WORKDIR /srv/telelink
COPY backend.py ./
COPY app/ app/
COPY static/ static/
COPY --from=charts /build/node_modules/echarts/dist/echarts.esm.min.js static/vendor/echarts.js
COPY models/ models/
COPY scripts/backup scripts/backup
COPY scripts/restore scripts/restore
# A checkout made under umask 077 must stay readable to the service user; bytecode is made here because the root is read-only later.
RUN chmod -R u=rwX,go=rX . \
    && python -m compileall -q --invalidation-mode unchecked-hash app

FROM ${BASE}
RUN groupadd --gid 10001 telelink \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin telelink \
    && install -d -o 10001 -g 10001 -m 0700 /data
WORKDIR /srv/telelink
COPY --from=packages /opt/venv /opt/venv
COPY --from=files /srv/telelink ./
# ONNX Runtime sends usage data to its maker unless it is told not to, and keeps an identifier below HOME.
ENV PATH=/opt/venv/bin:$PATH \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
VOLUME ["/data"]
EXPOSE 8000
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/readyz', timeout=4)"]
CMD ["python", "backend.py"]
