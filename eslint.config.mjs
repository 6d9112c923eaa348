import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["cdktf.out", "dist", "node_modules"] },
  ...tseslint.configs.strict,
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
    },
  },
);
