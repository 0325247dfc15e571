import type { CodegenConfig } from "@graphql-codegen/cli";

const text = "string";

const config: CodegenConfig = {
  schema: "../../../schema/schema.graphql", // elsewhere: what `suxin schema --audience BANK` prints
  documents: "*.graphql",
  generates: {
    "./generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      config: { scalars: { Date: text, DateTime: text, Money: text, Sha256: text }, useTypeImports: true },
    },
  },
};

export default config;
