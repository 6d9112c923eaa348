import { expect, it } from "vitest";
import { withoutKnown } from "../../../../operations/observe/status/snapshot";

it("takes a shard for nobody's own by its whole name, and nothing that only ends like one", () => {
  const known = ["public.events_102008", "tenant.events_102008"];
  const own = [
    { kind: "table", name: "public.events_102008" },
    { kind: "foreign table", name: "tenant.events_102008" },
    { kind: "table", name: '"my public.events_102008"' },
    { kind: "table", name: '"a b public".events_102008' },
    { kind: "collation", name: "public.events_102008" },
  ];
  expect(withoutKnown(own, known)).toEqual(own.slice(2));
});
