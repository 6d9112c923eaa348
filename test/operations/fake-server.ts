import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A message of PostgreSQL's protocol. */
export function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

/** Asks for a password: 0 for none, 3 in clear text, 5 as MD5. */
export function authentication(code: number, salt: readonly number[] = []): Buffer {
  return message("R", Buffer.from([0, 0, 0, code, ...salt]));
}

/** The server refuses the session. */
export function fatal(sqlState: string, text: string): Buffer {
  return message("E", Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${text}\0\0`));
}

/** A session may begin. */
export const READY = message("Z", Buffer.from("I"));

/** A statement without rows has run. */
const DONE = message("C", Buffer.from("SELECT 0\0"));

/** Answers every start of a session with these bytes, without TLS, and notes what it is sent after them. */
export async function withFakeServer(
  answer: Buffer,
  work: (port: number, received: readonly string[]) => Promise<void>,
): Promise<void> {
  const received: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (first) => {
      // A request for TLS, after which the client comes again without.
      if (first.length === 8) return void socket.end("N");
      socket.write(answer);
      socket.on("data", (data) => {
        received.push(data.toString("latin1"));
        // A session that has begun sets what its start can't.
        if (data.toString("latin1", 0, 1) === "Q") socket.write(Buffer.concat([DONE, READY]));
        else socket.end();
      });
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work((server.address() as AddressInfo).port, received);
  } finally {
    server.close();
  }
}
