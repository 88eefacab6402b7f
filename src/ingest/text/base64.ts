/** Base64 (RFC 4648 §4): bytes as foreign formats spell them in JSON. */

/** All of the platform that is used here; Node and every browser have it (WHATWG HTML). */
declare const btoa: (binary: string) => string;
declare const atob: (text: string) => string;

/** Bytes that are handed on at once: a call has not room for any number of arguments. */
const CHUNK = 8192;

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

/** The bytes of a text; undefined when it is no base64. The alphabet for URLs is read as well. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (unit) => unit.charCodeAt(0));
  } catch {
    return undefined;
  }
}
