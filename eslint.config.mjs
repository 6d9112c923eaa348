import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["cdktf.out", "dist", "node_modules"] },
  ...tseslint.configs.strict,
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(skip|skipIf|runIf|todo)$/]",
          message: "It gives no reason: call skip(reason) of the test's context.",
        },
      ],
    },
  },
  {
    // What is undefined would be printed into a command that people copy, e.g. where there is no environment.
    files: ["operations/{cli,commands}/**/*.ts", "operations/observe/status/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowAny: false, allowNever: false, allowNullish: false, allowNumber: true, allowRegExp: false },
      ],
    },
  },
);
