# The gateway as an image: built from hash-checked packages, run by nobody in particular, nothing of the build left.
# Linted (scripts/check), not built, by this project's own checks: see docs/running.md.

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /build

COPY requirements.lock requirements-build.lock ./
RUN python -m pip install --require-hashes -r requirements-build.lock \
    && python -m venv /opt/gateway \
    && /opt/gateway/bin/python -m pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md ./
COPY scripts/graphiql-assets scripts/
COPY gateway gateway
RUN python scripts/graphiql-assets \
    && python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && /opt/gateway/bin/python -m pip install --no-deps --no-index dist/*.whl \
    && /opt/gateway/bin/python -m compileall -q /opt/gateway/lib

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway
COPY --from=build /opt/gateway /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["gateway"]
CMD ["serve", "--host", "0.0.0.0"]
