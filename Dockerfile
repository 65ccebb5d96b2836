# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# The compiler runs on the builder's own platform and compiles for the target's:
# no emulation. BuildKit is needed (the default of docker since 23).
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src

# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o /ordercloud-operator .

# Certificates, time zones, a user; no shell, no package manager.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /ordercloud-operator /ordercloud-operator
# By number: runAsNonRoot cannot judge a name.
USER 65532:65532
ENTRYPOINT ["/ordercloud-operator"]
