/** A bundle from a file or from standard input, for commands that take one bundle and nothing else. */

import { readFileSync } from "node:fs";
import { readUtf8 } from "../../merkle/bytes.ts";
import { type Bundle, BundleError } from "../../verify/bundle/bundle.ts";
import { hasSigns, otherThanProof } from "../../verify/bundle/no-proof.ts";
import { parseBundle } from "../../verify/bundle/parse.ts";
import { readSetBegin } from "../../verify/set/set.ts";
import { CliError, fileReason, usageError } from "./failure.ts";

const STDIN = 0;
const NOT_A_PROOF = { code: "not_a_proof", exitStatus: 3 } as const;

/**
 * Reads a bundle.
 * @param file "-" is standard input
 * @throws CliError when it cannot be read, or is none
 */
export function readBundleFile(file: string): Bundle {
  const text = readText(file);
  try {
    return parseBundle(text);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const other = otherThanProof(text);
    if (other !== undefined) throw new CliError(`${file} is not a Holdfast proof. ${other}`, NOT_A_PROOF);
    const isSet = readSetBegin(text.slice(0, text.indexOf("\n"))) !== undefined;
    const message = isSet
      ? `${file} is an evidence set; expected the bundle of one event, as "holdfast prove <index>" gets it.`
      : `${file} is no bundle: ${error.message}.`;
    throw new CliError(message, { code: error.code, exitStatus: 1 });
  }
}

function readText(file: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file === "-" ? STDIN : file);
  } catch (cause) {
    throw usageError(`Could not read ${file}: ${fileReason(cause)}.`);
  }
  try {
    return readUtf8(bytes);
  } catch (cause) {
    const message = `Expected UTF-8 in ${file}, got other bytes.`;
    if (!hasSigns(new TextDecoder().decode(bytes))) {
      throw new CliError(`${file} is not a Holdfast proof. ${message}`, NOT_A_PROOF);
    }
    throw new CliError(message, { code: "utf8_invalid", exitStatus: 1, cause });
  }
}
