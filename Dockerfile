# One image per service: `docker build --target webapp .`, or syncer, or pyflix (the default). All
# hold the same program, which answers to three names.
ARG RUST_IMAGE=rust:1-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12

# The manifests, with an empty library for each crate: what the layer of the dependencies depends on.
FROM ${RUST_IMAGE} AS manifests
# To remove what a build leaves behind: docker image prune --filter label=pyflix.stage=build
LABEL pyflix.stage=build
WORKDIR /build
COPY . .
RUN mkdir /manifests \
    && cp --parents Cargo.lock Cargo.toml */Cargo.toml crates/*/Cargo.toml /manifests \
    && cd /manifests \
    && for manifest in */Cargo.toml crates/*/Cargo.toml; do \
        mkdir "${manifest%/*}/src" && touch "${manifest%/*}/src/lib.rs" || exit 1; \
    done

FROM ${RUST_IMAGE} AS build
LABEL pyflix.stage=build
WORKDIR /build
# `dev` takes half the time to build, for programs that run slowly.
ARG PROFILE=dist
COPY --from=manifests /manifests .
RUN cargo build --profile ${PROFILE} --locked -p pyflix
# Cargo compares times, and a copied file can be older than the empty library.
COPY . .
RUN touch */src/lib.rs crates/*/src/lib.rs \
    && cargo build --profile ${PROFILE} --locked -p pyflix \
    && mkdir -p /out/data && cp target/*/pyflix /out

FROM ${RUNTIME_IMAGE} AS syncer
COPY --from=build /out/pyflix /usr/local/bin/syncer
USER 65532:65532
ENTRYPOINT ["syncer"]

FROM ${RUNTIME_IMAGE} AS webapp
COPY --from=build /out/pyflix /usr/local/bin/webapp
ENV PYFLIX_LISTEN=0.0.0.0:8000
EXPOSE 8000
USER 65532:65532
ENTRYPOINT ["webapp"]

FROM ${RUNTIME_IMAGE} AS pyflix
COPY --from=build /out/pyflix /usr/local/bin/
# The embedded database: data/pyflix.db.
COPY --from=build --chown=65532:65532 /out/data /data
WORKDIR /
ENV PYFLIX_LISTEN=0.0.0.0:8000
EXPOSE 8000
USER 65532:65532
ENTRYPOINT ["pyflix"]
