# yunheng-api with the dashboard in it. Build from the root of the repository:
#   docker build -f images/api.Dockerfile -t yunheng-api:0.1.0 .
FROM node:24-trixie-slim AS dashboard
WORKDIR /source/dashboards
COPY dashboards/package.json dashboards/package-lock.json ./
# Browsers are for tests only.
RUN --mount=type=cache,target=/root/.npm PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
COPY dashboards/ ./
RUN npm run build

FROM rust:1.95-slim-trixie AS build
WORKDIR /source
COPY . .
COPY --from=dashboard /source/dashboards/dist dashboards/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target,id=yunheng-target \
    cargo build --locked --release --package api --bin yunheng-api \
    && install -D target/release/yunheng-api /out/yunheng-api

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="yunheng-api" \
      org.opencontainers.image.description="REST interface, live events and dashboard of Yunheng" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/yunheng-api /usr/local/bin/yunheng-api
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/yunheng-api"]
