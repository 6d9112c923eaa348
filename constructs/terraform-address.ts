import type { TerraformElement, TerraformResource } from "cdktf";

/**
 * Pins a Terraform address: the public name of a thing that a later plan must find again, where a rename destroys and
 * creates. Short and readable, and the same wherever the construct stands in the tree.
 */
export function pinAddress(element: TerraformElement, name: string): void {
  element.overrideLogicalId(name);
}

/** A resource's address, for `depends_on` and expressions: cdktf renders a template there from a construct. */
export function referenceTo(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}
