# The image: the Debian package, built in one stage and installed in the next. tests/packaging runs these steps in a
# copy of the file system; no container engine has built it yet.
#   docker build -t crmsync .
#   docker run -p 127.0.0.1:8000:8000 crmsync                     a rehearsal with sample contacts
#   docker run --env-file .env -v crmsync:/var/lib/crmsync -p 127.0.0.1:8000:8000 crmsync
FROM debian:12 AS build
WORKDIR /source
COPY . .
RUN packaging/build-deb /package

FROM debian:12-slim
COPY --from=build /package /package
RUN apt-get update && apt-get install -y --no-install-recommends /package/*.deb && rm -r /package /var/lib/apt/lists/*
USER crmsync
ENV CRMSYNC_CONFIG=/etc/crmsync/crmsync.toml
ENV CRMSYNC_STATE_DIR=/var/lib/crmsync
ENV PORT=8000
VOLUME /var/lib/crmsync
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD bash -c '\
    exec 3<>"/dev/tcp/127.0.0.1/$PORT" && printf "GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n" >&3 && \
    head -n 1 <&3 | grep " 200 "'
ENTRYPOINT ["crmsync"]
CMD ["serve"]
