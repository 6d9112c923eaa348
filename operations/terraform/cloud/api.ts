import { type Dispatcher, fetch } from "undici";
import { Failure, oneLine } from "../../base/failure";
import { terraformCommand } from "../../base/terraform-command";
import { connectionsOf } from "./connections";
import { findToken, tokenVariables } from "../../base/caller/cloud-tokens";

/** How long one answer may take. In milliseconds; a large plan's JSON is some megabytes. */
const PATIENCE_MS = 60_000;

/**
 * The API of HCP Terraform and Terraform Enterprise (version 2), as far as Terraform's command line has no way to it. Takes
 * tokens, proxies (HTTPS_PROXY, NO_PROXY) and certificates from where Terraform takes them.
 * https://developer.hashicorp.com/terraform/cloud-docs/api-docs
 */
export class CloudApi {
  private base: string | undefined;

  constructor(
    readonly hostname: string,
    private readonly env: Readonly<NodeJS.ProcessEnv>,
    private readonly dispatcher: Dispatcher = connectionsOf(env),
  ) {}

  /**
   * @param path behind `/api/v2`, e.g. `/runs/run-1`
   * @param what is asked for, for the message: `workspace acme/production`
   * @returns the JSON that it answers
   * @throws Failure
   */
  async get(path: string, what: string): Promise<unknown> {
    return this.ask("GET", path, what);
  }

  /**
   * Has the server do something.
   *
   * @param path behind `/api/v2`, e.g. `/runs/run-1/actions/discard`
   * @param what it is done to, for the message
   * @throws Failure
   */
  async post(path: string, what: string): Promise<void> {
    await this.ask("POST", path, what);
  }

  private async ask(method: "GET" | "POST", path: string, what: string): Promise<unknown> {
    const token = this.token();
    const { status, body } = await this.request(new URL(`.${path}`, await this.findBase()), method, {
      authorization: `Bearer ${token}`,
      accept: "application/vnd.api+json, application/json",
      "content-type": "application/vnd.api+json",
    });
    if (status === 401) throw new Failure(`${this.hostname} refuses the token`, this.logIn());
    if (status === 404)
      throw new Failure(
        `${this.hostname} has no ${what}, or doesn't show it to this token`,
        "correct the name, or use the token of somebody who may read it (a plan's JSON needs the right to administer the workspace)",
      );
    if (status < 200 || status > 299)
      throw new Failure(
        `${this.hostname} answers ${status} when asked for ${what}`,
        "try again later; its own status page may say more",
      );
    return body;
  }

  private token(): string {
    const token = findToken(this.hostname, this.env);
    if (token === undefined) throw new Failure(`there is no token for ${this.hostname}`, this.logIn());
    // Checked here: an error about the header would show it.
    if (!/^[\x21-\x7e]+$/.test(token.value))
      throw new Failure(
        `the token for ${this.hostname} contains a space, a line break or another character that no token has`,
        `correct it in ${token.source}`,
      );
    return token.value;
  }

  private logIn(): string {
    const [variable] = tokenVariables(this.hostname);
    return `${terraformCommand(this.env)} login ${this.hostname}, or set ${variable}`;
  }

  /** Where the API is, by Terraform's service discovery. */
  private async findBase(): Promise<URL> {
    if (this.base === undefined) {
      const { status, body } = await this.request(
        new URL(`https://${this.hostname}/.well-known/terraform.json`),
        "GET",
        {},
      );
      const found = (Object(body) as Record<string, unknown>)["tfe.v2"];
      if (status !== 200 || typeof found !== "string")
        throw new Failure(
          `${this.hostname} is not HCP Terraform or Terraform Enterprise: it does not announce their API`,
          "correct `hostname` of the environment's backend",
        );
      this.base = found;
    }
    return new URL(this.base, `https://${this.hostname}`);
  }

  private async request(
    url: URL,
    method: "GET" | "POST",
    headers: Record<string, string>,
  ): Promise<{ status: number; body: unknown }> {
    try {
      const response = await fetch(url, {
        method,
        headers,
        dispatcher: this.dispatcher,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      return { status: response.status, body: response.ok && text !== "" ? JSON.parse(text) : undefined };
    } catch (error) {
      throw new Failure(
        `${this.hostname} can't be reached: ${oneLine((error as Error).cause ?? error)}`,
        `check that \`${terraformCommand(this.env)} init\` reaches it from here; SSL_CERT_FILE adds certificates to trust, HTTPS_PROXY names a proxy`,
        { cause: error },
      );
    }
  }
}
