/** Whether a node id is a coordinator's, by its name, which no worker may have; also of one that left the environment. */
export function isCoordinatorId(id: string): boolean {
  return id.endsWith("/coordinator");
}
