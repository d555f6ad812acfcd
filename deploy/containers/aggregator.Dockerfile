# The aggregator in a container. README.md beside this.
#
#   docker build -f deploy/containers/aggregator.Dockerfile -t venuewatch-aggregator .

FROM debian:12-slim AS build
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv
RUN python3 -m venv /opt/venuewatch
COPY requirements /src/requirements
RUN /opt/venuewatch/bin/pip install --quiet --no-cache-dir --require-hashes \
        -r /src/requirements/aggregator.txt \
    && python3 -m venv /build \
    && /build/bin/pip install --quiet --no-cache-dir --require-hashes -r /src/requirements/build.txt
COPY . /src
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels /src \
    && /opt/venuewatch/bin/pip install --quiet --no-cache-dir --no-deps /wheels/*.whl \
    && /opt/venuewatch/bin/pip uninstall --quiet --yes pip

FROM debian:12-slim
RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 980 --user-group --no-create-home --shell /usr/sbin/nologin venuewatch-aggregator \
    && install -d -m 700 -o venuewatch-aggregator /var/lib/venuewatch-aggregator
COPY --from=build /opt/venuewatch /opt/venuewatch
USER 980:980
WORKDIR /var/lib/venuewatch-aggregator
VOLUME /var/lib/venuewatch-aggregator
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/venuewatch/bin/python", "-I", "-m", "aggregator"]
CMD ["--config", "/etc/venuewatch/aggregator.toml"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m \
    CMD ["/opt/venuewatch/bin/python", "-I", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8039/-/healthy', timeout=4)"]
