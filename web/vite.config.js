// Builds the explorer into dist/: stable entry names, chunks named by their content, no addresses, no maps.
export default {
  base: "./",
  publicDir: false,
  build: {
    outDir: "dist/explorer",
    emptyOutDir: true,
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 8000,
    rollupOptions: {
      input: "explorer/main.jsx",
      output: {
        entryFileNames: "explorer.js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: (asset) => (asset.names?.[0]?.endsWith(".css") ? "explorer.css" : "[name]-[hash][extname]"),
      },
    },
    cssCodeSplit: false,
  },
  worker: { format: "es", rollupOptions: { output: { entryFileNames: "[name]-[hash].js", chunkFileNames: "[name]-[hash].js" } } },
};
