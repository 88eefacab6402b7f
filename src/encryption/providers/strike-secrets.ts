/** What programs and servers of others say, as it may stand in a message: short, on one line, without what may be a key. */

const SHOWN_MAX = 300;
/** So much is looked at: the rest is not shown either. */
const READ_MAX = 4096;
/** A token, a key in hex or in base64: no word is so long without a pause. */
const RUN = /[A-Za-z0-9+=_-]{20,}/g;
const KEY_LENGTH = 32;
/** Base64 may have slashes, and so has a path. */
const RUN_WITH_SLASHES = /[A-Za-z0-9+/=_-]{40,}/g;

/** @param secrets texts that are struck out however short they are */
export function strikeSecrets(text: string, secrets: readonly string[] = []): string {
  let left = text.slice(0, READ_MAX);
  for (const secret of secrets) if (secret !== "") left = left.replaceAll(secret, "…");
  const line = left
    // Control characters, those that turn the writing round, and halves of pairs.
    .replace(/[\p{C}\s]+/gu, " ")
    .replace(RUN_WITH_SLASHES, (run) => (isMixed(run) ? "…" : run))
    .replace(RUN, (run) => (run.length >= KEY_LENGTH || /\d/.test(run) ? "…" : run))
    .trim();
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
}

function isMixed(run: string): boolean {
  return /\d/.test(run) && /[a-z]/.test(run) && /[A-Z]/.test(run);
}
