# yunheng-operator, also as the host agent. Build from the root of the repository:
#   docker build -f images/operator.Dockerfile -t yunheng-operator:0.1.0 .
FROM rust:1.95-slim-trixie AS build
WORKDIR /source
COPY . .
# The caches stay out of the image; the program is copied out of them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target,id=yunheng-target \
    cargo build --locked --release --package operator --bin yunheng-operator \
    && install -D target/release/yunheng-operator /out/yunheng-operator

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="yunheng-operator" \
      org.opencontainers.image.description="Grants, enforces and takes back the quota of a government cloud" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/yunheng-operator /usr/local/bin/yunheng-operator
# The numbers that the chart's pods run as. Nobody can log in and nothing is writable.
USER 65532:65532
EXPOSE 8081
ENTRYPOINT ["/usr/local/bin/yunheng-operator"]
