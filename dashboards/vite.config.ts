import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` needs an API to talk to; `make up` prints its address.
const api = process.env["YUNHENG_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    outDir: "dist",
    // The API embeds dist/ and the budget script reads which chunk needs which.
    manifest: true,
    target: "es2022",
    // Inlined assets would be data: URLs, which the server's content security policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: { proxy: { "/api": { target: api, changeOrigin: false } } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
});
