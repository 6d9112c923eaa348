import { Transform } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Lets the lines through that match, each as soon as it is complete; all of them without a pattern. */
export function filterLines(pattern: RegExp | undefined): Transform {
  const decoder = new StringDecoder("utf8");
  let begun = "";
  const matching = (lines: readonly string[]) =>
    lines
      .filter((line) => pattern === undefined || pattern.test(line))
      .map((line) => `${line}\n`)
      .join("");
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lines = (begun + decoder.write(chunk)).split("\n");
      begun = lines.pop() ?? "";
      done(null, matching(lines));
    },
    flush(done) {
      const rest = begun + decoder.end();
      done(null, rest === "" ? "" : matching([rest]));
    },
  });
}
