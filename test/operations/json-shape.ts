import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { expect } from "vitest";

const SCHEMAS = join(__dirname, "../../operations/commands/schemas");

/** What a command printed with `--json`, which must be of the shape that its schema documents. */
export function expectShape<Answer>(schema: string, stdout: string): Answer {
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  const content = JSON.parse(readFileSync(join(SCHEMAS, `${schema}.json`), "utf8")) as object;
  const answer = JSON.parse(stdout) as Answer;
  expect(ajv.validate(content, answer), `${ajv.errorsText()}\n${stdout}`).toBe(true);
  return answer;
}
