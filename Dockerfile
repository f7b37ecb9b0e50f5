# The server of a finished run, on a CPU: after `make repro`, `docker build --tag hemapipe .`; see docs/docker.md.
# Research use only.
FROM python:3.11.13-slim-bookworm AS build

WORKDIR /build
COPY requirements-serve.txt constraints.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --requirement requirements-serve.txt
COPY pyproject.toml README.md ./
COPY src src
# The build tool is pinned as well; it, pip and the tests of libraries are not needed to serve.
RUN /opt/venv/bin/python -m pip install --no-cache-dir --constraint constraints.txt --upgrade setuptools \
    && /opt/venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} + \
    && /opt/venv/bin/python -m pip uninstall --yes setuptools pip


FROM python:3.11.13-slim-bookworm

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hemapipe
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
# dvc.yaml marks the root of a checkout; what follows it is of the run that is served.
COPY --chown=10001 dvc.yaml params.yaml ./
COPY --chown=10001 metrics metrics
COPY --chown=10001 data/calibration data/calibration
COPY --chown=10001 data/export data/export

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=3)"]
ENTRYPOINT ["hemapipe"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
