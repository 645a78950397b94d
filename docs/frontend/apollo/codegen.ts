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
      presetConfig: { fragmentMasking: { unmaskFunctionName: "unmasked" } },
    },
    "src/gql/possible-types.json": { plugins: ["fragment-matcher"] },
  },
};

export default config;
