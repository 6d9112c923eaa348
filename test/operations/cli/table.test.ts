import { describe, expect, it } from "vitest";
import { columnsOf, pad, shorten } from "../../../operations/base/columns";
import { type Column, renderTable } from "../../../operations/cli/table";

const COLUMNS: readonly Column[] = [
  { header: "node" },
  { header: "query", yields: 2 },
  { header: "n", align: "right" },
  { header: "note", yields: 1 },
];
const ROWS = [
  ["server-a/worker1", "SELECT something FROM somewhere", "7", "a remark of some length"],
  ["b", "x", "12345", ""],
];

describe("renderTable", () => {
  it("is as wide as its cells where the width doesn't matter", () => {
    expect(renderTable(COLUMNS, ROWS, Infinity)).toEqual([
      "node              query                                n  note",
      "server-a/worker1  SELECT something FROM somewhere      7  a remark of some length",
      "b                 x                                12345",
    ]);
  });

  it("shortens the column that yields first, then the next, then leaves out", () => {
    expect(renderTable(COLUMNS, ROWS, 74)[1]).toBe(
      "server-a/worker1  SELECT something FROM somewhere      7  a remark of som…",
    );
    expect(renderTable(COLUMNS, ROWS, 50)[1]).toBe("server-a/worker1  SELECT somethi…      7  a remar…");
    expect(renderTable(COLUMNS, ROWS, 45)[1]).toBe("server-a/worker1  SELECT so…      7  a remar…");
    expect(renderTable(COLUMNS, ROWS, 40)[1]).toBe("server-a/worker1  SELECT somethi…      7");
    expect(renderTable(COLUMNS, ROWS, 25)[1]).toBe("server-a/worker1      7");
  });

  it("measures cells without their colours", () => {
    const coloured = [["\x1b[31ma\x1b[39m", "b", "1", "c"]];
    expect(renderTable(COLUMNS, coloured, Infinity)[1]).toBe("\x1b[31ma\x1b[39m     b      1  c");
  });
});

it("shortens with an ellipsis", () => {
  expect(shorten("abcdef", 6)).toBe("abcdef");
  expect(shorten("abcdef", 5)).toBe("abcd…");
});

describe("names in wide letters", () => {
  const columns: readonly Column[] = [
    { header: "t", yields: 1 },
    { header: "size", align: "right" },
  ];
  const rows = [
    ["订单表订单表", "12 MB"],
    ["🙂🙂", "1 kB"],
    ["ab", "3 kB"],
  ];

  it("are whole, in straight columns", () => {
    expect(renderTable(columns, rows, Infinity)).toEqual([
      "t              size",
      "订单表订单表  12 MB",
      "🙂🙂           1 kB",
      "ab             3 kB",
    ]);
  });

  it("fit into a narrow terminal", () => {
    const lines = renderTable(columns, rows, 16);
    expect(lines[1]).toBe("订单表订…  12 MB");
    expect(lines.map(columnsOf)).toEqual([16, 16, 16, 16]);
  });

  it("are cut between characters, and filled up by columns", () => {
    expect(shorten("🙂🙂🙂", 4)).toBe("🙂…");
    expect(shorten("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301…");
    expect(pad("订单", 6)).toBe("订单  ");
  });
});
