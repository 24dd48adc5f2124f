# The server as an image. docker-compose.yml runs it together with Neo4j.
FROM python:3.11-slim AS build
WORKDIR /source
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN python browser/install.py
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends graphviz \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-run.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements-run.lock
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl \
    && useradd --system --uid 10001 --home-dir /data provstore \
    && install -d -o provstore -g provstore -m 0750 /data
USER provstore
WORKDIR /data
VOLUME /data
ENV PROVSTORE_DATA=/data PROVSTORE_HOST=0.0.0.0 PROVSTORE_PORT=8080 PYTHONUNBUFFERED=1
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["provstore", "serve"]
