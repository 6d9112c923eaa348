import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { expect } from "vitest";

const SCHEMAS = join(__dirname, "../../schemas");

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
for (const file of readdirSync(SCHEMAS)) {
  ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS, file), "utf8")) as object, file);
}

/** What a command printed with `--json`, which must be of the shape that its schema documents. */
export function expectShape<Answer>(schema: string, stdout: string): Answer {
  const answer = JSON.parse(stdout) as Answer;
  expect(ajv.validate(`${schema}.json`, answer), `${schema}: ${ajv.errorsText()}\n${stdout}`).toBe(true);
  return answer;
}
