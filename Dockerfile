# One image with the three binaries: webapp, syncer and pyflix.
ARG RUST_IMAGE=rust:1-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12

FROM ${RUST_IMAGE} AS build
# Finds what a build leaves behind: docker image prune --filter label=pyflix.stage=build
LABEL pyflix.stage=build
WORKDIR /build
# `dev` takes half the time to build, for what runs slowly.
ARG PROFILE=dist
ENV BUILD="cargo build --profile ${PROFILE} --locked -p pyflix -p syncer -p webapp"

# The dependencies come first, in a layer that only a change of a manifest makes anew: every member
# of the workspace is an empty library meanwhile.
COPY Cargo.toml Cargo.lock ./
COPY common/Cargo.toml common/
COPY crates/bench/Cargo.toml crates/bench/
COPY crates/catalogue-index/Cargo.toml crates/catalogue-index/
COPY crates/catalogue-search/Cargo.toml crates/catalogue-search/
COPY crates/ghibli-api/Cargo.toml crates/ghibli-api/
COPY crates/http-content/Cargo.toml crates/http-content/
COPY crates/http-front/Cargo.toml crates/http-front/
COPY crates/item-art/Cargo.toml crates/item-art/
COPY crates/pyflix/Cargo.toml crates/pyflix/
COPY crates/testkit/Cargo.toml crates/testkit/
COPY syncer/Cargo.toml syncer/
COPY tests/Cargo.toml tests/
COPY webapp/Cargo.toml webapp/
RUN for member in common crates/* syncer tests webapp; do \
        mkdir "$member/src" && touch "$member/src/lib.rs" || exit 1; \
    done \
    && $BUILD \
    && rm -r common/src crates/catalogue-*/src crates/ghibli-api/src crates/http-*/src crates/item-art/src crates/pyflix/src syncer/src webapp/src

# Cargo compares times, and a copied file keeps its own, which can be older than the empty library's.
COPY . .
RUN touch common/src/*.rs crates/*/src/*.rs syncer/src/*.rs webapp/src/*.rs \
    && $BUILD \
    && mkdir /out /out/data \
    && cp target/*/pyflix target/*/syncer target/*/webapp /out

FROM ${RUNTIME_IMAGE}
COPY --from=build /out/pyflix /out/syncer /out/webapp /usr/local/bin/
# For `pyflix`, whose database is data/pyflix.db.
COPY --from=build --chown=65532:65532 /out/data /data
WORKDIR /
ENV PYFLIX_LISTEN=0.0.0.0:8000
EXPOSE 8000
USER 65532:65532
CMD ["pyflix"]
