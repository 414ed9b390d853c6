# check=error=true
#
# docker build -t moonlet .                     everything in containers
# make image                                    the same, or with buildah where no engine runs

FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
ARG DATE=unknown
RUN make image-root VERSION="$VERSION" COMMIT="$COMMIT" DATE="$DATE"

# What every variant of the image is told, once.
FROM scratch AS base
ARG VERSION=dev
ARG COMMIT=unknown
ARG DATE=unknown
LABEL org.opencontainers.image.title="moonlet" \
      org.opencontainers.image.description="A virtual kubelet whose behaviour is written in Lua" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/moonlet-dev/moonlet" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT" \
      org.opencontainers.image.created="$DATE"
# Every node is a small live heap under a stream of short-lived requests: collecting less often costs little memory and
# saves much time. GOMEMLIMIT is the soft end of it: set it to about 90 % of the container's memory limit.
ENV GOGC=200 \
    GOMEMLIMIT=900MiB \
    MOONLET_LISTEN=0.0.0.0:3000 \
    MOONLET_SCRIPTS=/scripts \
    MOONLET_STATE=/state/moonlet.db
EXPOSE 3000
USER 65532:65532
ENTRYPOINT ["/moonlet"]
CMD ["serve"]

# For machines that reach no registry: the folder that make image-root filled, as it is.
FROM base AS prebuilt
COPY --chown=65532:65532 bin/image/ /

FROM base AS moonlet
COPY --from=build --chown=65532:65532 /src/bin/image/ /
