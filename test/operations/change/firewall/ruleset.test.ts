import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { ServerFirewall } from "../../../../model/firewall";
import { rulesetOf } from "../../../../operations/change/firewall/ruleset";
import * as scripts from "../../../../operations/change/firewall/scripts";
import { unitAgainOf, unitOf } from "../../../../operations/change/firewall/unit";

const SERVER: ServerFirewall = {
  host: "server-a",
  cluster: "citus",
  published: [{ ip: "10.0.0.1", ports: [5432, 5433] }],
  subnets: ["10.213.7.0/24"],
  sources: ["10.0.0.2", "10.0.0.1", "10.213.7.0/24", "fd00::/64"],
};

describe("the rules", () => {
  it("are one table of our own, which takes the place of the one before", () => {
    expect(rulesetOf(SERVER)).toBe(`# pg-dist: who may reach the nodes of cluster citus on server-a.
table inet pgdist-citus
delete table inet pgdist-citus
table inet pgdist-citus {
  set allowed4 {
    type ipv4_addr
    flags interval
    elements = {
      10.0.0.1,
      10.0.0.2,
      10.213.7.0/24,
    }
  }
  set allowed6 {
    type ipv6_addr
    flags interval
    elements = {
      fd00::/64,
    }
  }
  chain arriving {
    type filter hook prerouting priority -300; policy accept;
    iifname "lo" accept
    ip daddr 10.0.0.1 tcp dport { 5432, 5433 } jump judge
    ip daddr 10.213.7.0/24 tcp dport 5432 jump judge
  }
  chain judge {
    ip saddr @allowed4 accept
    ip6 saddr @allowed6 accept
    counter drop
  }
}
`);
  });

  it.each([
    ["0.0.0.0", "fib daddr type local tcp dport { 5432 } jump judge"],
    ["::", "fib daddr type local tcp dport { 5432 } jump judge"],
    ["fd00::7", "ip6 daddr fd00::7 tcp dport { 5432 } jump judge"],
    ["127.0.0.1", "ip daddr 127.0.0.1 tcp dport { 5432 } jump judge"],
  ])("concern %s as it is published", (ip, rule) => {
    expect(rulesetOf({ ...SERVER, published: [{ ip, ports: [5432] }] })).toContain(`    ${rule}\n`);
  });

  it("have no network in another one, which nft refuses", () => {
    const sources = [
      "10.0.0.7",
      "10.0.0.0/24",
      "10.0.0.0/24",
      "10.0.1.0/32",
      "10.0.1.0",
      "fd00::1/64",
      "fd00::/64",
      "fd00::9",
    ];
    const elements = rulesetOf({ ...SERVER, sources }).match(/^ {6}\S+(?=,$)/gm) ?? [];
    expect(elements.map((each) => each.trim())).toEqual(["10.0.0.0/24", "10.0.1.0/32", "fd00::1/64"]);
  });

  it("are never made of anything but addresses and ports", () => {
    for (const bad of [
      "10.0.0.1; flush ruleset",
      "10.0.0.1\n}",
      "$(id)",
      "",
      "10.0.0.1/8/8",
      "10.0.0.1/x",
      "fe80::1%eth0",
    ]) {
      expect(() => rulesetOf({ ...SERVER, sources: [bad] })).toThrow(/not an address or a network/);
      expect(() => rulesetOf({ ...SERVER, subnets: [bad] })).toThrow(/not an address or a network/);
      expect(() => rulesetOf({ ...SERVER, published: [{ ip: bad, ports: [5432] }] })).toThrow(
        /not an address/,
      );
    }
    for (const ports of [[], [NaN], [70_000], ["5432; }" as unknown as number]])
      expect(() => rulesetOf({ ...SERVER, published: [{ ip: "10.0.0.1", ports }] })).toThrow(/not ports/);
  });
});

describe("the scripts", () => {
  const all = {
    install: scripts.installScript(SERVER),
    trial: scripts.tryScript(SERVER, "abc", 90),
    keep: scripts.keepScript(SERVER, "abc"),
    revert: scripts.revertScript(SERVER, "abc"),
    look: scripts.lookScript(SERVER),
    remove: scripts.removeScript(SERVER),
  };

  it.each(Object.entries(all))(
    "%s is what every sh understands, and does nothing before it is there as a whole",
    (_name, text) => {
      expect(spawnSync("sh", ["-n"], { input: text })).toMatchObject({ status: 0 });
      const cut = text.slice(0, text.lastIndexOf("}\nmain\n"));
      // It ends within the function, of which nothing has run.
      const { status, stdout } = spawnSync("sh", [], { input: cut, encoding: "utf8" });
      expect(stdout).toBe("");
      expect(status).not.toBe(0);
    },
  );

  it.each(Object.entries(all))(
    "%s names what is ours, and no other table, chain or service",
    (_name, text) => {
      expect(text).not.toMatch(/\biptables\b|flush ruleset(?!,)|\bufw\b|\bfirewalld\b|restart/);
      for (const [, table] of text.matchAll(/table (?:inet )?(pgdist\S*|"\S+?"|%s)/g))
        expect(["pgdist-citus", '"$table"', '"$1"', "%s"]).toContain(table);
    },
  );

  it("have the units as they are, but for the path of nft", () => {
    for (const unit of [unitOf("citus", "$nft"), unitAgainOf("citus", "$nft")])
      expect(all.install).toContain(unit);
  });
});

describe("the units", () => {
  it("load the file before Docker starts, and again after nftables.service has flushed all tables", () => {
    const unit = unitOf("citus", "/usr/sbin/nft");
    for (const line of [
      "Before=docker.service",
      "After=nftables.service",
      "ReloadPropagatedFrom=nftables.service",
      "ExecStart=/usr/sbin/nft -f /etc/pg-dist/firewall-citus.nft",
      "ExecStop=-/usr/sbin/nft delete table inet pgdist-citus",
      "WantedBy=multi-user.target",
    ])
      expect(unit.split("\n")).toContain(line);
    const again = unitAgainOf("citus", "/usr/sbin/nft").split("\n");
    expect(again).toContain("WantedBy=nftables.service");
    // It would count as running, and not be started again.
    expect(again).not.toContain("RemainAfterExit=yes");
  });
});
