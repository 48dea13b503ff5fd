# syntax=docker/dockerfile:1

# --- builder: the locked requirements and the project's own wheel, in one virtual environment
FROM python:3.13-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# Requirements first: this layer changes only when the lock does. The environment has no pip of
# its own, so neither has the image's service. Wheels only: nothing is compiled here.
# `traces` instead of `run` has what WAITLESS_TRACES_URL wants too.
ARG LOCK=run
COPY requirements/${LOCK}.txt requirements/
RUN python -m venv --without-pip /opt/waitless \
    && pip --python /opt/waitless/bin/python install \
        --require-hashes --only-binary=:all: -r requirements/${LOCK}.txt

COPY . .
RUN pip wheel --no-deps --wheel-dir /dist . \
    && pip --python /opt/waitless/bin/python install --no-deps --no-index /dist/*.whl \
    && /opt/waitless/bin/waitless check

# --- the service: an interpreter, the environment, and a user who may write nothing
FROM python:3.13-slim
ENV PATH=/opt/waitless/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONFAULTHANDLER=1 \
    NUMBA_CACHE_DIR=/tmp/numba \
    WAITLESS_HOST=0.0.0.0 \
    WAITLESS_PORT=8080
RUN groupadd --system --gid 10001 waitless \
    && useradd --system --uid 10001 --gid waitless --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin waitless
COPY --from=builder /opt/waitless /opt/waitless
WORKDIR /opt/waitless
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Straight to the process: a proxy that the engine puts into the environment is not asked.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8080/healthz', timeout=3)"]
ENTRYPOINT ["waitless"]
CMD ["serve"]
