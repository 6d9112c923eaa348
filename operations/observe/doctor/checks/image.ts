import { failed, ok, warning } from "../finding";
import { isInspected } from "../inspection";
import type { HostCheck, NodeCheck } from "./check";

/** Whether the images are there; an apply pulls what is missing. */
export const checkImage: HostCheck = ({ host, images, presentImages }) => {
  if (presentImages === undefined) return [];
  return images.map((image) => {
    const place = { check: "image", where: host.id };
    if (presentImages.includes(image)) return ok(place, `${image} is there`);
    return failed(
      place,
      `${image} is not there`,
      `the next apply pulls it, if the server reaches the registry; try: docker pull ${image} there`,
    );
  });
};

/** Whether a container runs what is declared. */
export const checkNodeImage: NodeCheck = ({ node, container }) => {
  if (!isInspected(container) || container.image === node.image) return [];
  return [
    warning(
      { check: "image", where: node.id },
      `its container runs ${container.image}, declared is ${node.image}`,
      "apply the environment, or set `image` to what runs",
    ),
  ];
};
