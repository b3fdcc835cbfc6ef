# The image of idp: `idp serve` (the default), `idp worker`, and every other verb.  docs/operations/docker.md runs it.
#
# BASE is any image with Python 3.11 or newer and its venv module.  A release pins it by digest:
#   docker build --build-arg BASE=python:3.13-slim-trixie@sha256:… .
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
# pip stays in /tools; what is served goes into /opt/idp, which has none.
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/idp
COPY requirements/build.txt requirements/runtime.txt requirements/
# Behind a registry of your own: --secret id=pip,src=pip.conf and --secret id=ca,src=ca.pem.  Neither enters a layer.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca,target=/run/secrets/ca \
    /tools/bin/pip install -q --no-compile --require-hashes --only-binary :all: -r requirements/build.txt \
    && /tools/bin/pip --python /opt/idp/bin/python install -q --no-compile --require-hashes --only-binary :all: \
        -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY idp idp
# Bytecode is made here, once: the container cannot write any, and does not look at the sources' times.
RUN /tools/bin/pip wheel -q --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /tools/bin/pip --python /opt/idp/bin/python install -q --no-compile --no-deps --no-index /wheels/*.whl \
    && /opt/idp/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/idp/lib

FROM ${BASE}
# The base's own pip goes.  The user has a name because libpq asks for it, and owns new volumes on the two folders.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/ensurepip \
        /usr/share/python-wheels \
    && echo 'idp:x:10001:10001:idp:/tmp:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'idp:x:10001:' >> /etc/group \
    && install -d -o 10001 -g 10001 -m 0755 /var/lib/idp/serving /var/lib/idp/migrating
COPY --from=build /opt/idp /opt/idp
COPY LICENSE /opt/idp/LICENSE
ENV PATH=/opt/idp/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8 \
    HOME=/tmp \
    TMPDIR=/tmp \
    IDP_HOST=0.0.0.0
WORKDIR /opt/idp
USER 10001:10001
# The public port; /livez, /readyz and /metrics of the web server; the same of the worker.
EXPOSE 8000 9090 9091
STOPSIGNAL SIGTERM
# Whether the process is alive, web server or worker; a database that is away makes nobody unhealthy.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "idp.probe", "/livez", "9090", "9091"]
ENTRYPOINT ["idp"]
CMD ["serve"]

ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="idp" \
      org.opencontainers.image.description="A multi-tenant identity provider" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
