import { failed, ok } from "../finding";
import { type InsideCheck, standingStill } from "./check";

/** Whether every name that is registered resolves inside this container, and what to. */
export const checkNames: InsideCheck = ({ node, inside: { names } }, inspection) => {
  const place = { check: "names", where: node.id };
  const down = standingStill(inspection).map((each) => each.container);
  // Docker forgets a container's name while it doesn't run: that it doesn't run is the finding.
  const asked = [...names].filter(([name]) => !down.includes(name));
  const unknown = asked.filter(([, address]) => address === undefined).map(([name]) => name);
  if (unknown.length > 0) {
    return [
      failed(
        place,
        `in its container ${unknown.join(", ")} does not resolve`,
        "if it is a container, check that it is running; otherwise add it to the DNS that containers use (not the server's /etc/hosts), or to extraHosts of this Docker host and have the container replaced, so that it reads them (terraform apply -replace=docker_container.NAME)",
      ),
    ];
  }
  if (asked.length === 0) return [];
  return [ok(place, asked.map(([name, address]) => `${name} is ${address ?? ""}`).join(", "))];
};
