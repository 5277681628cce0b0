/** Types for the examples' GraphQL documents, from the committed schema: `npm run codegen`. */
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "./schema/schema.graphql",
  documents: ["examples/**/*.ts", "!examples/gql/**"],
  generates: {
    "./examples/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string",
        strictScalars: true,
        useTypeImports: true,
        importExtension: ".ts",
        enumType: "string-literal",
        scalars: { DateTime: "string", ID: "string", JSON: "unknown", SafeInt: "number" },
      },
    },
  },
};

export default config;
