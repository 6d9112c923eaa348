import { expect, it } from "vitest";
import { howToDiscard, mayDiscard } from "../../../../operations/cluster/holdings/discard-keys";
import { someCluster } from "../../../fixtures/some-cluster";

const ID = "server-d/worker1";
const listed = { ...someCluster(), discard: [ID, "server-b/worker1"] };

it("takes both keys, each with this very node", () => {
  expect(mayDiscard(listed, ID, { PGDIST_DISCARD: `server-b/worker1, ${ID}` })).toBe(true);
  expect(mayDiscard(listed, ID, {})).toBe(false);
  expect(mayDiscard(listed, ID, { PGDIST_DISCARD: "server-b/worker1" })).toBe(false);
  expect(mayDiscard(listed, ID, { PGDIST_DISCARD: `${ID}0` })).toBe(false);
  expect(mayDiscard(someCluster(), ID, { PGDIST_DISCARD: ID })).toBe(false);
});

it("says which key is missing, and keeps what was given", () => {
  expect(howToDiscard(listed, ID, { PGDIST_DISCARD: "server-b/worker1" })).toMatch(
    /second key, which is missing: PGDIST_DISCARD=server-b\/worker1,server-d\/worker1 at the apply$/,
  );
  expect(howToDiscard(someCluster(), ID, { PGDIST_DISCARD: ID })).toMatch(
    /second key, which is missing: `discard: \["server-d\/worker1"\]` in environment production$/,
  );
  expect(howToDiscard(someCluster(), ID, {})).toMatch(/takes two keys: .*, and PGDIST_DISCARD=/);
});
