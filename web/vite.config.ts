import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env.RUNNEL_DEV_SERVER ?? "http://127.0.0.1:8377";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: [
      { find: /^@\//, replacement: `${here("./src")}/` },
      // The policy `style-src 'self'` forbids <style> elements: both libraries write constructable sheets instead.
      { find: /^style-mod$/, replacement: here("./csp/style-mod.ts") },
      { find: /^react-style-singleton$/, replacement: here("./csp/style-singleton.ts") },
    ],
  },
  build: {
    outDir: here("../src/runnel/server/static/app"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: {
    port: 5377,
    strictPort: true,
    proxy: Object.fromEntries(
      ["/api", "/share", "/ingest", "/healthz", "/readyz"].map((path) => [path, { target: server }]),
    ),
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
