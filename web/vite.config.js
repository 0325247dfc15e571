// Builds one of the tools into dist/: stable entry names, chunks named by their content, no addresses, no maps.
const SOURCES = { explorer: "explorer/main.jsx", editor: "editor/main.ts" };

export default ({ mode }) => ({
  base: "./",
  publicDir: false,
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: `dist/${mode}`,
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 8000,
    rollupOptions: {
      input: SOURCES[mode],
      output: {
        entryFileNames: `${mode}.js`,
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: (asset) => (asset.names?.[0]?.endsWith(".css") ? `${mode}.css` : "[name]-[hash][extname]"),
      },
    },
    cssCodeSplit: false,
  },
  worker: { format: "es", rollupOptions: { output: { entryFileNames: "[name]-[hash].js", chunkFileNames: "[name]-[hash].js" } } },
});
