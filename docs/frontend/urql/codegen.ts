import { addTypenameSelectionDocumentTransform } from "@graphql-codegen/client-preset";
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["src/**/*.{ts,tsx}", "!src/gql/**"],
  config: {
    scalars: { BigInt: "number", Date: "string", DateTime: "string", JSON: "unknown", Upload: "File" },
    strictScalars: true,
    enumsAsTypes: true,
    useTypeImports: true,
  },
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: { unmaskFunctionName: "unmasked" },
        persistedDocuments: { hashAlgorithm: "sha256" }, // src/gql/persisted-documents.json
      },
      documentTransforms: [addTypenameSelectionDocumentTransform], // as urql sends them
    },
    "src/gql/introspection.json": { plugins: ["introspection"], config: { minify: true, descriptions: false } },
  },
};

export default config;
