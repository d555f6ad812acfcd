# The agent in a container: for checks of networks and results. It sees the container's vitals, not the
# machine's: a venue host has the bundle or the package. README.md beside this.
#
#   docker build -f deploy/containers/agent.Dockerfile -t venuewatch-agent .

FROM debian:12-slim AS build
RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv
RUN python3 -m venv /opt/venuewatch
COPY requirements /src/requirements
RUN /opt/venuewatch/bin/pip install --quiet --no-cache-dir --require-hashes \
        -r /src/requirements/agent.txt \
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
    && useradd --system --uid 979 --user-group --no-create-home --shell /usr/sbin/nologin venuewatch-agent \
    && install -d -m 700 -o venuewatch-agent /var/lib/venuewatch-agent
COPY --from=build /opt/venuewatch /opt/venuewatch
USER 979:979
WORKDIR /var/lib/venuewatch-agent
VOLUME /var/lib/venuewatch-agent
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/venuewatch/bin/python", "-I", "-m", "agent"]
CMD ["--config", "/etc/venuewatch/agent.toml"]
