import { PassThrough, Readable } from "node:stream";
import { expect, it } from "vitest";
import { collect } from "../../../operations/docker/engine/collect";
import { demultiplex } from "../../../operations/docker/engine/demultiplex";
import { frame } from "../../fixtures/fake-engine";

async function apart(chunks: readonly Buffer[], raw?: boolean): Promise<[string, string]> {
  const { stdout, stderr, closed } = demultiplex(Readable.from(chunks), raw);
  const [out, err] = [collect(stdout), collect(stderr)];
  await Promise.all([closed, out.ended, err.ended]);
  return [out.text(), err.text()];
}

it("takes output and errors apart, wherever the pieces are cut", async () => {
  const whole = Buffer.concat([frame(1, "one "), frame(2, "bad"), frame(1, "two")]);
  for (let at = 1; at < whole.length; at++) {
    const pieces = [whole.subarray(0, at), whole.subarray(at)];
    expect(await apart(pieces)).toEqual(["one two", "bad"]);
  }
});

it("passes on what a terminal writes, told or found out", async () => {
  expect(await apart([Buffer.from("psql (17.5)\r\n")])).toEqual(["psql (17.5)\r\n", ""]);
  expect(await apart([Buffer.from("$ ")])).toEqual(["$ ", ""]);
  expect(await apart([frame(1, "x")], true)).toEqual([frame(1, "x").toString(), ""]);
});

it("waits for who reads, and is whole all the same", async () => {
  const source = new PassThrough();
  const { stdout, closed } = demultiplex(source, false);
  const text = "x".repeat(100_000);
  source.write(frame(1, text));
  source.write(frame(1, text));
  source.end();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(source.isPaused()).toBe(true);
  const collected = collect(stdout);
  await Promise.all([closed, collected.ended]);
  expect(collected.text()).toHaveLength(200_000);
});

it("fails where the connection does", async () => {
  const source = new PassThrough();
  const { closed } = demultiplex(source);
  source.destroy(new Error("gone"));
  await expect(closed).rejects.toThrow("gone");
});
