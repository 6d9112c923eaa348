import { type Cluster, majorOfImage } from "../cluster";
import type { Environment } from "../environment";
import type { Report } from "./problem";

/** What Citus 13 and 14 run on. */
const MAJORS = [15, 16, 17, 18];

/** Docker's own grammar (distribution/reference), names in lower case. */
const NAME_PART = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
const REGISTRY = "(?:[a-z0-9]+(?:[.-][a-z0-9]+)*)(?::[0-9]+)?";
const REFERENCE = new RegExp(
  `^(?<name>(?:${REGISTRY}/)?${NAME_PART}(?:/${NAME_PART})*)` +
    "(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?<digest>@sha256:[0-9a-f]{64})?$",
);

export function checkImage(environment: Environment, cluster: Cluster, report: Report): void {
  const image = cluster.nodes[0]?.image ?? "";
  const { name, tag, digest } = REFERENCE.exec(image)?.groups ?? {};
  if (name === undefined) {
    report("image", `"${image}" is not an image reference: write name:tag or name@sha256:digest`);
    return;
  }
  if (digest === undefined && isFloating(name, tag)) {
    report(
      "image",
      `"${image}" can change PostgreSQL's major version under the data: pin a full version, e.g. citusdata/citus:13.0.3`,
    );
  }
  checkMajor(environment.postgresMajor, image, report);
}

/** Whether a tag is moved to later builds. Of images of one's own it can only be told where it names no version at all. */
function isFloating(name: string, tag = "latest"): boolean {
  if (/(^|\/)citusdata\/citus$/.test(name)) return !/^\d+\.\d+\.\d+(-|$)/.test(tag);
  const version = tag.replace(/(^|[-_.])(pg|postgres_?|alpine)\d*(?=[-_.]|$)/g, "");
  return !/\d/.test(version) || /^\d+(-|$)/.test(version);
}

function checkMajor(given: number | undefined, image: string, report: Report): void {
  const major = majorOfImage(image);
  const range = `must be ${MAJORS.slice(0, -1).join(", ")} or ${MAJORS.slice(-1).join("")}, the versions that Citus 13 and 14 run on`;
  if (major !== undefined && !MAJORS.includes(major)) {
    report("image", `PostgreSQL ${major} of "${image}" ${range}`);
  } else if (given === undefined) {
    if (major === undefined)
      report("postgresMajor", `is missing: "${image}" doesn't show PostgreSQL's major version`);
  } else if (!MAJORS.includes(given)) {
    report("postgresMajor", `${given} ${range}`);
  } else if (major !== undefined && major !== given) {
    report(
      "postgresMajor",
      `${given} contradicts image "${image}", which holds PostgreSQL ${major}: leave it out, or choose the image's -pg${given} tag`,
    );
  }
}
