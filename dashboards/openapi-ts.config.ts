import { defineConfig } from "@hey-api/openapi-ts";

// The client is generated from the API's own document and committed; a drift test makes it again.
export default defineConfig({
  input: "../api/openapi.json",
  output: { path: "src/api/generated" },
  plugins: [
    "@hey-api/typescript",
    "@hey-api/sdk",
    { name: "@hey-api/client-fetch", throwOnError: true },
    "@tanstack/react-query",
  ],
});
