import { advise, commandIn } from "../../base/remedy";
import { tokenVariables } from "../../base/caller/cloud-tokens";
import { type Explain, textOf } from "./known";

/** `Run the following command to generate a token for app.terraform.io:` */
const NO_TOKEN = /generate a token for (\S+):/;

/** Terraform has no token for the server of the workspace. */
export const explainNoToken: Explain = (diagnostic, { binary }) => {
  if (!/^Required token could not be found/.test(diagnostic.summary)) return undefined;
  const hostname = NO_TOKEN.exec(textOf(diagnostic))?.[1];
  if (hostname === undefined) return undefined;
  const [variable] = tokenVariables(hostname);
  return {
    what: `there is no token for ${hostname}`,
    remedy: `${binary} login ${hostname}, or set ${variable}`,
  };
};

const ORGANIZATION = /^Failed to read organization "([^"]*)" at host (\S+)$/;

/** The token is refused, or the organization is another; the server's answer to both may be the same. */
export const explainOrganization: Explain = ({ summary, detail }, { binary }) => {
  const [, organization, hostname] = ORGANIZATION.exec(summary) ?? [];
  if (organization === undefined || hostname === undefined) return undefined;
  if (/unauthorized/.test(detail))
    return { what: `${hostname} refuses the token`, remedy: `get another one: ${binary} login ${hostname}` };
  return {
    what: `${hostname} has no organization ${organization}, or doesn't show it to this token`,
    remedy: "correct `organization` of the environment's backend, or use the token of one of its members",
  };
};

/** A workspace that takes its code from a repository makes its own runs. */
export const explainRepository: Explain = ({ summary }, { environment }) => {
  if (!/^(?:Saved plans|Apply) not allowed for workspaces with a VCS connection/.test(summary))
    return undefined;
  return {
    what: "the workspace takes its code from a repository, so that only runs of that repository can be applied",
    remedy: advise`push the code there and review its run: ${commandIn({ environment }, "review", "--plan", "run-...")}; or only preview it: ${commandIn({ environment }, "review", "--speculative")}`,
    refused: true,
  };
};
