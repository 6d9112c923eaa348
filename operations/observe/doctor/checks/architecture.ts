import { failed, ok, warning } from "../finding";
import type { HostCheck } from "./check";

/** As `uname -m` has them, and Docker. */
const NATIVE = ["x86_64", "amd64"];

/** The image runs there under emulation, where the engine has it: a laptop with Docker Desktop does. */
const EMULATED = ["aarch64", "arm64"];

/** The Citus image is made for amd64 only. */
export const checkArchitecture: HostCheck = ({ host, engine }) => {
  const place = { check: "architecture", where: host.id };
  const seen = `${engine.os}/${engine.architecture}`;
  if (engine.os === "linux" && NATIVE.includes(engine.architecture)) return [ok(place, seen)];
  if (engine.os === "linux" && EMULATED.includes(engine.architecture)) {
    return [
      warning(
        place,
        `${seen}: the citusdata/citus image exists for linux/amd64 only, and runs here under emulation, slowly`,
        "good enough to try it out; for more, use a linux/amd64 server",
      ),
    ];
  }
  return [failed(place, seen, "the citusdata/citus image exists for linux/amd64 only: use such a server")];
};
