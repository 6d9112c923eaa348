import { failed, ok } from "../finding";
import type { HostCheck } from "./check";

/** The Citus image is made for amd64 only. */
export const checkArchitecture: HostCheck = ({ host, engine }) => {
  const place = { check: "architecture", where: host.id };
  const seen = `${engine.os}/${engine.architecture}`;
  if (engine.os === "linux" && ["x86_64", "amd64"].includes(engine.architecture)) return [ok(place, seen)];
  return [failed(place, seen, "the citusdata/citus image exists for linux/amd64 only: use such a server")];
};
