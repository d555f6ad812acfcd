# Debian 12's Mosquitto, which is the one that is tested, with our settings. README.md beside this.
#
#   docker build -f deploy/containers/mosquitto.Dockerfile -t venuewatch-mosquitto .

FROM debian:12-slim
RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends mosquitto \
    && rm -rf /var/lib/apt/lists/* \
    && usermod --uid 981 mosquitto \
    && groupmod --gid 981 mosquitto \
    && install -d -m 750 -o mosquitto /run/mosquitto /var/lib/mosquitto /var/log/mosquitto
COPY mosquitto/venuewatch.conf /etc/mosquitto/conf.d/00-venuewatch.conf
COPY mosquitto/venues.conf /etc/mosquitto/conf.d/10-venuewatch-venues.conf
# The listener for trying has no place where every client has a certificate. Debian's file logs to a
# file; a container logs to its own output.
RUN sed -i '/^# For trying/,/^allow_anonymous true/ d' /etc/mosquitto/conf.d/00-venuewatch.conf \
    && sed -i 's|^acl_file /etc/mosquitto/|acl_file /etc/mosquitto/venuewatch/|' \
        /etc/mosquitto/conf.d/10-venuewatch-venues.conf \
    && sed -i 's/^log_dest file .*/log_dest stderr/' /etc/mosquitto/mosquitto.conf
USER 981:981
VOLUME /var/lib/mosquitto
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/sbin/mosquitto"]
CMD ["-c", "/etc/mosquitto/mosquitto.conf"]
