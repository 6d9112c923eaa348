/** One row of a recovery's plan. */
export type Action = Adopt | Remove | Leave;

export interface Subject {
  readonly type: "container" | "network" | "volume";
  /** Id of the Docker host. */
  readonly host: string;
  readonly name: string;
  readonly reason: string;
}

/** Into Terraform's state, as it is: declared, there, and unknown to the state. */
export interface Adopt extends Subject {
  readonly action: "adopt";
  readonly address: string;
  /** Docker's id; of a volume, its name. */
  readonly id: string;
  /** The state lists something else at this address, which is gone: that entry is dropped first. */
  readonly replacesEntry: boolean;
}

export interface Remove extends Subject {
  readonly action: "remove";
  readonly id: string;
}

interface Leave extends Subject {
  readonly action: "leave";
  /** The next apply fails on it: someone has to do something. */
  readonly blocks: boolean;
}
