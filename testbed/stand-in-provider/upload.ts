import { readFileSync } from "node:fs";
import type { State } from "./wire";

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

const octal = (value: number, bytes: number): string => `${value.toString(8).padStart(bytes - 1, "0")}\0`;

/** A tar archive (ustar) with one file, owned by root. */
function tarArchive(name: string, content: Buffer, mode: number): Buffer {
  if (Buffer.byteLength(name) > NAME_BYTES) {
    throw new Error(
      `The stand-in provider uploads no file with a path longer than ${NAME_BYTES} bytes: ${name}`,
    );
  }
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0);
  header.write(octal(mode, 8) + octal(0, 8) + octal(0, 8), NAME_BYTES);
  header.write(octal(content.length, 12) + octal(Math.floor(Date.now() / 1_000), 12), 124);
  header.fill(" ", CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES);
  header.write("0", 156); // a regular file
  header.write("ustar\x0000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(octal(checksum, CHECKSUM_BYTES - 1), CHECKSUM_AT);
  const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function contentOf(upload: State): Buffer {
  const given = [upload.content, upload.content_base64, upload.source].filter(Boolean);
  if (given.length !== 1) {
    throw new Error(
      `error with upload content: ${upload.file} needs exactly one of 'content', 'content_base64' or 'source'`,
    );
  }
  if (upload.source) return readFileSync(String(upload.source));
  if (upload.content_base64) return Buffer.from(String(upload.content_base64), "base64");
  return Buffer.from(String(upload.content));
}

/** An upload block as the archive to be unpacked in the container's root directory. */
export function uploadArchive(upload: State): Buffer {
  const mode = upload.permissions
    ? parseInt(String(upload.permissions), 8)
    : upload.executable === true
      ? 0o744
      : 0o644;
  return tarArchive(String(upload.file).replace(/^\/+/, ""), contentOf(upload), mode);
}
