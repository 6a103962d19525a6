# An image of one release: `make release` puts its files into dist/, or put them there from where they are published.
#
#     docker build --tag practice-alerts .
#     docker run --read-only --tmpfs /tmp --volume ./council:/council practice-alerts check
#
# docs/how-to/deploy.md says how it is run; compose.yaml has it with PostgreSQL.

FROM python:3.13.16-slim-bookworm AS install

# The wheel and the constraints of one release. Of two, pip would take neither.
COPY dist/practice_alerts-*-py3-none-any.whl dist/practice-alerts-*-constraints.txt /release/
RUN python -m venv /opt/practice-alerts \
 && /opt/practice-alerts/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --find-links /release \
      -r /release/practice-alerts-*-constraints.txt

FROM python:3.13.16-slim-bookworm

# By number, so that whoever runs the machine can give this account the council's folder: chown 10001:10001.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /council --shell /usr/sbin/nologin alerts \
 && install --directory --owner alerts --group alerts --mode 0700 /council
COPY --from=install /opt/practice-alerts /opt/practice-alerts
ENV PATH=/opt/practice-alerts/bin:$PATH

USER 10001:10001
# config.yaml, the council's own rules, the store and what is kept. Nothing else is written but /tmp.
WORKDIR /council
VOLUME /council
EXPOSE 8620
# The service writes the file each minute, whether there is a page or not. The page's own /healthz is for the proxy before it.
HEALTHCHECK --interval=60s --timeout=10s --start-period=180s CMD ["sh", "-c", "test -n \"$(find /tmp/alive -mmin -5)\""]
ENTRYPOINT ["alerting"]
CMD ["serve", "--alive", "/tmp/alive"]
