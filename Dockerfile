# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# The operator's image, and with --target sandbox the sandbox's. Nothing in here is
# Docker's own: BuildKit builds it without a syntax line, and so does buildah or
# podman, without root. The network is needed for the two base images and for one
# step, go mod download; GOPROXY and GOSUMDB say where it gets the modules.
#
# The base images are named by tag, not by digest: building anew is what brings the
# fixes of Go, the certificates and the time zones. Which digests a release was
# built from is in its provenance (SECURITY.md).

# The compiler runs on the builder's own platform and compiles for the target's:
# no emulation.
FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26 AS source
WORKDIR /src

# Modules are a layer of their own, and not a cache mount: a builder that takes its
# layers from elsewhere has no mounts, and would miss them below.
COPY go.mod go.sum ./
ARG GOPROXY
ARG GOSUMDB
RUN go mod download

COPY . .
# From here on nothing is downloaded. The version is stamped, not read from git.
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -mod=readonly" GOPROXY=off

FROM source AS build-operator
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w -X main.version=$VERSION" -o /ordercloud-operator .

FROM source AS build-sandbox
ARG TARGETOS
ARG TARGETARCH
RUN --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -ldflags "-s -w" -o /ordercloud-sandbox ./cmd/ordercloud-sandbox

# Certificates, time zones, a user; no shell, no package manager.
FROM gcr.io/distroless/static-debian13:nonroot AS runtime
# By number: runAsNonRoot cannot judge a name.
USER 65532:65532
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.source="https://github.com/ordercloud-operator/ordercloud-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.base.name="gcr.io/distroless/static-debian13:nonroot"

FROM runtime AS sandbox
LABEL org.opencontainers.image.title="ordercloud-sandbox" \
      org.opencontainers.image.description="OrderCloud in memory, to try ordercloud-operator and other clients against"
COPY --from=build-sandbox /ordercloud-sandbox /ordercloud-sandbox
EXPOSE 9990
ENTRYPOINT ["/ordercloud-sandbox"]

# The last stage is what is built without --target.
FROM runtime AS operator
LABEL org.opencontainers.image.title="ordercloud-operator" \
      org.opencontainers.image.description="Keeps buyer users and impersonation configs of Sitecore OrderCloud equal to what is declared in Kubernetes"
COPY --from=build-operator /ordercloud-operator /ordercloud-operator
ENTRYPOINT ["/ordercloud-operator"]
