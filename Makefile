# Copyright The ordercloud-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Needs Go, make and a POSIX shell; `make help` lists what there is. Some targets
# need more and say so: deploy (kubectl), docker-build (docker), test-sdk and
# docs-site (node).

# The image that docker-build builds and deploy runs.
IMG ?= ordercloud-operator:latest
# The image that docker-build-sandbox builds.
SANDBOX_IMG ?= ordercloud-sandbox:latest
# What deploy deploys: config/default, or a directory with fewer rights (docs/tenancy.md).
DEPLOY ?= config/default
CONTAINER_TOOL ?= docker
KUBECTL ?= kubectl
# Git names the version where there is one; a source archive has none.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
# When the commit was made, not the image: the same commit makes the same labels.
CREATED ?= $(shell git log -1 --format=%cI 2>/dev/null || echo 1970-01-01T00:00:00Z)
# A chart's version must be semantic: v1.2.3 becomes 1.2.3, and a commit without a tag
# 0.0.0-git-618cc6d.
CHART_VERSION = $(shell echo '$(VERSION)' | sed -E -e 's/^v([0-9])/\1/' -e '/^[0-9]+\.[0-9]+\.[0-9]+/!s/^/0.0.0-git-/')
CHART = charts/ordercloud-operator
PLATFORMS ?= linux/amd64,linux/arm64

# Two packages at a time: the suites start a control plane each.
TEST_PARALLEL ?= 2
TEST_TIMEOUT ?= 30m
TEST_PACKAGES ?= ./...
BENCH ?= .
# How many objects make bench measures, such as 1000 or 100,1000, and the file for
# the figures.
N ?=
JSON ?=
# A part of the call or the fault of the cells that make faults plays.
CELLS ?=
# Another build of the operator that make bench-start compares with.
AGAINST ?=

# -buildvcs=false: the version is stamped below, and a build must not need git.
GO_BUILD = CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"
# Tools are pinned in a module of their own; go tool builds them once.
TOOL = go tool -modfile=hack/tools/go.mod
RELEASE_TOOL = go tool -modfile=hack/release/go.mod
GOLANGCI_LINT = hack/tools/bin/golangci-lint
# GOPROXY and GOSUMDB of this shell, where it has them, are those of the build.
IMAGE_ARGS = --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --build-arg CREATED=$(CREATED) \
	$(if $(GOPROXY),--build-arg GOPROXY) $(if $(GOSUMDB),--build-arg GOSUMDB)

.DEFAULT_GOAL := help

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; printf "\nUsage:\n  make \033[36m<target>\033[0m\n"} /^[a-zA-Z_0-9-]+:.*##/ { printf "  \033[36m%-20s\033[0m %s\n", $$1, $$2 } /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) }' $(MAKEFILE_LIST)

##@ Development

.PHONY: generate
generate: ## Generate the DeepCopy methods of the API types.
	$(TOOL) controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: ## Generate the CRDs and the operator's role from the markers in the code.
	$(TOOL) controller-gen crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(TOOL) controller-gen rbac:roleName=manager-role paths=./controllers/... output:rbac:artifacts:config=config/rbac

.PHONY: docs
docs: ## Generate the API reference, docs/reference.md.
	$(TOOL) crd-ref-docs --source-path=api/v1alpha1 --config=hack/tools/crd-ref-docs.yaml --renderer=markdown --output-path=docs/reference.md

.PHONY: docs-site
docs-site: ## Build the documentation as a site, docs/.vitepress/dist; a dead link fails (needs node and npm).
	cd docs && npm ci --loglevel=error && npm run build

.PHONY: docs-serve
docs-serve: ## Serve the documentation here, and follow its changes (needs node and npm).
	cd docs && npm ci --loglevel=error && npm run serve

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check the code with golangci-lint and kube-api-linter.
	$(GOLANGCI_LINT) run

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Check the code and repair what can be repaired.
	$(GOLANGCI_LINT) run --fix

.PHONY: verify
verify: ## Check that generated files are fresh, modules tidy, the code clean and the tree unchanged.
	sh hack/verify.sh

.PHONY: clean
clean: ## Remove what was built here (not the cached control plane).
	rm -rf bin dist cover.out hack/tools/bin

##@ Test

.PHONY: test
test: ## Run all tests against a real control plane; prints the coverage.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	sh hack/envtest/assets.sh kube-controller-manager >/dev/null || exit 1; \
	race=-race; \
	if [ "$$(go env GOOS)" != darwin ] && [ "$$(go env CGO_ENABLED)" != 1 ]; then \
		race=; echo "No C compiler, so the tests run without the race detector."; \
	fi; \
	mkdir -p bin; \
	set -x; \
	KUBEBUILDER_ASSETS="$$assets" go test $$race -p $(TEST_PARALLEL) -timeout $(TEST_TIMEOUT) -coverprofile bin/cover.all $(TEST_PACKAGES)
	@grep -v zz_generated bin/cover.all >cover.out
	@go tool cover -func cover.out | awk 'END { print "coverage, without generated code: " $$NF }'

.PHONY: test-sdk
test-sdk: ## Run the official JavaScript SDK against the sandbox (needs node and npm).
	sh test/sdk/run.sh

.PHONY: faults
faults: ## Give the operator each wrong answer to each call; writes docs/reliability.md; CELLS=403 some, and writes nothing.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./test/faults/matrix $(if $(CELLS),-cells '$(CELLS)')

.PHONY: bench
bench: ## Measure the operator, with 100 to 10,000 objects; N=1000 one size, JSON=file also as JSON, TENANTS=50 with tenants.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./test/bench $(if $(N),-n '$(N)') $(if $(TENANTS),-tenants '$(TENANTS)') $(if $(JSON),-json '$(JSON)')

.PHONY: bench-start
bench-start: ## Measure until the operator is ready, also over a slow link and with little CPU; AGAINST=path another build, too.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./test/bench -start $(if $(AGAINST),-against '$(AGAINST)')

.PHONY: bench-neighbours
bench-neighbours: ## Measure who waits for whom; ROWS=slow_users,tokens some rows, AGAINST=path another build, too.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./test/bench -neighbours $(if $(ROWS),-rows '$(ROWS)') $(if $(AGAINST),-against '$(AGAINST)') $(if $(JSON),-json '$(JSON)')

.PHONY: bench-rest
bench-rest: ## Count the calls of objects at rest over ten intervals, 1,000 of them; N=1000,10000 INTERVAL=1m other ones.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./test/bench -rest -n '$(or $(N),1000)' -interval '$(or $(INTERVAL),20s)' $(if $(JSON),-json '$(JSON)')

.PHONY: bench-borne
bench-borne: ## Create 300 configs in a marketplace that bears 20 requests a second, with 1,000 declared.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./test/bench -borne

.PHONY: bench-go
bench-go: ## Run the Go benchmarks; BENCH selects by name.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	set -x; \
	KUBEBUILDER_ASSETS="$$assets" go test -run '^$$' -bench '$(BENCH)' -benchmem -p 1 -timeout $(TEST_TIMEOUT) $(TEST_PACKAGES)

.PHONY: demo
demo: ## Show the operator at work on a real control plane; KEEP=1 leaves it running.
	@assets="$$(sh hack/envtest/assets.sh)" || exit 1; \
	KUBEBUILDER_ASSETS="$$assets" go run -buildvcs=false ./hack/demo $(if $(KEEP),--keep)

##@ Build

.PHONY: build
build: ## Build the operator and the sandbox into bin/.
	$(GO_BUILD) -o bin/ordercloud-operator .
	$(GO_BUILD) -o bin/ordercloud-sandbox ./cmd/ordercloud-sandbox

.PHONY: run
run: ## Run the operator here, against the cluster of the current kubeconfig; ARGS adds flags.
	go run -buildvcs=false . $(ARGS)

.PHONY: docker-build
docker-build: ## Build the container image IMG; CONTAINER_TOOL=podman or buildah does, too.
	$(CONTAINER_TOOL) build $(IMAGE_ARGS) -t $(IMG) .

.PHONY: docker-build-sandbox
docker-build-sandbox: ## Build the sandbox's container image SANDBOX_IMG.
	$(CONTAINER_TOOL) build $(IMAGE_ARGS) --target sandbox -t $(SANDBOX_IMG) .

.PHONY: docker-push
docker-push: ## Push the container image IMG.
	$(CONTAINER_TOOL) push $(IMG)

.PHONY: docker-buildx
docker-buildx: ## Build and push IMG for every platform in PLATFORMS; BUILDX_FLAGS adds flags.
	$(CONTAINER_TOOL) buildx build --platform $(PLATFORMS) $(IMAGE_ARGS) $(BUILDX_FLAGS) --push -t $(IMG) .

.PHONY: build-installer
build-installer: manifests ## Write all that deploy applies to dist/install.yaml.
	@# In steps: a pipe would hide that kustomize failed, and leave an empty file.
	@mkdir -p dist
	$(TOOL) kustomize build $(DEPLOY) >dist/default.yaml && \
		$(WITH_IMAGE) dist/default.yaml >dist/install.yaml.new && \
		rm dist/default.yaml && mv dist/install.yaml.new dist/install.yaml

.PHONY: chart-files
chart-files: manifests ## Copy into the chart what it installs as it is in config.
	rm -rf $(CHART)/files
	mkdir -p $(CHART)/files/crds $(CHART)/files/policies
	cp config/crd/bases/*.yaml $(CHART)/files/crds
	cp config/rbac/role.yaml $(CHART)/files/role.yaml
	cp config/policy/*.yaml $(CHART)/files/policies
	rm $(CHART)/files/policies/kustom*.yaml
	cp config/prometheus/rules.yaml $(CHART)/files/alerts.yaml
	cp config/grafana/ordercloud-operator.json $(CHART)/files/dashboard.json

.PHONY: chart-lint
chart-lint: ## Check the chart with both versions of Helm, with every set of values in its directory ci.
	@for version in helm4 helm3; do \
		helm="$$(go tool -n -modfile=hack/tools/$$version/go.mod helm)" || exit 1; \
		for values in $(CHART)/values.yaml $(CHART)/ci/*.yaml; do \
			echo "$$version lint --strict --values $$values"; \
			"$$helm" lint --strict --quiet --values "$$values" $(CHART) || exit 1; \
		done; \
	done

.PHONY: chart-package
chart-package: ## Write the chart to dist/ordercloud-operator-VERSION.tgz.
	go tool -modfile=hack/tools/helm4/go.mod helm package $(CHART) --version $(CHART_VERSION) --app-version $(CHART_VERSION) --destination dist

.PHONY: tools
tools: $(GOLANGCI_LINT) ## Build every tool ahead of its first use.
	$(TOOL) controller-gen --version
	$(TOOL) kustomize version
	$(TOOL) ginkgo version
	go tool -modfile=hack/tools/helm4/go.mod helm version
	go tool -modfile=hack/tools/helm3/go.mod helm version

##@ Release

.PHONY: sbom
sbom: build ## Write what the operator is built from, with licences, to dist/sbom.cdx.json (CycloneDX).
	@mkdir -p dist
	$(RELEASE_TOOL) cyclonedx-gomod bin -json -licenses -std -version $(VERSION) -output dist/sbom.cdx.json bin/ordercloud-operator

.PHONY: crd-compat
crd-compat: ## Check that CRDs can be upgraded from the latest release, or from the commit BASE.
	@sh hack/crd-compat.sh $(BASE)

.PHONY: vulncheck
vulncheck: ## Look for known weaknesses in code that the operator calls (needs the network).
	$(TOOL) govulncheck ./...

.PHONY: lint-workflows
lint-workflows: ## Check the GitHub workflows with actionlint.
	$(RELEASE_TOOL) actionlint -shellcheck= -pyflakes=

.PHONY: release-files
release-files: build-installer sbom chart-package ## Write what a release carries to dist/: manifests, SBOM, chart, checksums.
	cd dist && sha256sum install.yaml sbom.cdx.json ordercloud-operator-*.tgz >checksums.txt

##@ Deployment

# The image is set on the way out of kustomize, so that deploying changes no
# file of the checkout.
WITH_IMAGE = sed 's|image: controller:latest|image: $(IMG)|'

# Deleting a CRD or a namespace deletes the objects in it, and by their
# deletionPolicy what they declare in OrderCloud: undeploy must not do that, and
# without the operator nobody would take the objects' finalizers off.
KEEPING_OBJECTS = awk '/^---/ { if (!keep) printf "%s", text; text = ""; keep = 0 } /^kind: (CustomResourceDefinition|Namespace)$$/ { keep = 1 } { text = text $$0 "\n" } END { if (!keep) printf "%s", text }'

.PHONY: install
install: manifests ## Install the CRDs into the cluster of the current kubeconfig.
	$(TOOL) kustomize build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: ## Remove the CRDs and every object of these kinds; the operator must still run.
	@# Users and impersonation before the Marketplaces: these have no finalizer, and
	@# without them the operator could not delete in OrderCloud what it is to delete.
	@for kind in impersonationtokens impersonationconfigs buyerusers marketplaces; do \
		crd="$$($(KUBECTL) get crd $$kind.ordercloud.io --ignore-not-found --output name)" || exit 1; \
		[ -z "$$crd" ] || $(KUBECTL) delete $$kind.ordercloud.io --all --all-namespaces || exit 1; \
	done
	$(TOOL) kustomize build config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: manifests ## Deploy what is in DEPLOY, from the image IMG: the CRDs and the operator.
	$(TOOL) kustomize build $(DEPLOY) | $(WITH_IMAGE) | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: ## Remove the operator; CRDs, namespace and all objects stay.
	$(TOOL) kustomize build $(DEPLOY) | $(KEEPING_OBJECTS) | $(KUBECTL) delete --ignore-not-found -f -

# Built rather than downloaded: it has kube-api-linter compiled in.
$(GOLANGCI_LINT): hack/tools/go.mod hack/tools/go.sum hack/tools/golangci-lint/main.go
	@echo "Building golangci-lint with kube-api-linter, once: some minutes on two cores."
	cd hack/tools && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o bin/golangci-lint ./golangci-lint
