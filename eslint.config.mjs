import importX from "eslint-plugin-import-x";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import tseslint from "typescript-eslint";
import { floors } from "./lint/floors.mjs";

const ENVIRONMENT = {
  object: "process",
  property: "env",
  message: "Take it from the caller, which is passed down (operations/base/caller).",
};

const CLOCK = {
  object: "performance",
  property: "now",
  message: "Take a Deadline or a Stopwatch (operations/base).",
};

export default tseslint.config(
  { ignores: ["cdktf.out", "dist", "node_modules"] },
  ...tseslint.configs.strict,
  {
    plugins: { "import-x": importX, house: { rules: { floors } } },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      "import-x/resolver-next": [createTypeScriptImportResolver()],
    },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "house/floors": "error",
      "import-x/no-cycle": "error",
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
    files: ["{model,constructs,stacks,operations,quickstart}/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // What is undefined would be printed, e.g. into a command that people copy; and a remedy is data (`advise`).
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowAny: false, allowNever: false, allowNullish: false, allowNumber: true, allowRegExp: false },
      ],
    },
  },
  {
    // What a run was given is taken once, where the program begins, and passed down.
    files: ["operations/**/*.ts"],
    rules: { "no-restricted-properties": ["error", ENVIRONMENT, CLOCK] },
  },
  {
    files: ["operations/cli.ts", "operations/steps/main.ts", "quickstart/**/*.ts"],
    rules: { "no-restricted-properties": ["error", CLOCK] },
  },
  {
    files: ["operations/base/{deadline,stopwatch}.ts"],
    rules: { "no-restricted-properties": ["error", ENVIRONMENT] },
  },
  {
    // A remedy is data, which is rendered for its reader: `advise` puts one into another.
    files: ["{operations,quickstart}/**/*.ts"],
    rules: {
      "@typescript-eslint/restrict-plus-operands": [
        "error",
        {
          allowAny: true,
          allowBoolean: true,
          allowNullish: true,
          allowNumberAndString: true,
          allowRegExp: true,
        },
      ],
    },
  },
);
