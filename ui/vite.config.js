import { defineConfig } from 'vite';

// One script and one style sheet, so the page is there one round trip after its HTML.
export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    outDir: process.env.PENNON_UI_OUT ?? 'dist',
    emptyOutDir: true,
    modulePreload: false,
    target: 'es2022',
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8017', '/openapi.json': 'http://127.0.0.1:8017' } },
});
