/** The frames of an archive that are JSON, read strictly: every member is known and present, and has one spelling. */

import { readUtf8, utf8 } from "../../merkle/bytes.ts";
import { BUNDLE_LIMITS, BundleError } from "../../verify/bundle/bundle.ts";
import { address, type FormOf, hex, integer, list, object, oneOf, positive, text } from "../../verify/bundle/forms.ts";
import { frameForms } from "../../verify/bundle/parse.ts";
import { readBundleJson } from "../../verify/bundle/strict-json.ts";
import {
  ARCHIVE_FORMATS,
  ArchiveError,
  type ArchiveHeader,
  type ArchiveProof,
  type ArchiveTrailer,
} from "../archive.ts";

const READING = { charactersMax: BUNDLE_LIMITS.charactersMax, depthMax: 5, valuesMax: BUNDLE_LIMITS.valuesMax };
const SIGNERS_MAX = 1024;

const hash = hex(32);
const hashes = list(hash, 0, BUNDLE_LIMITS.pathMax);
const one: FormOf<1> = (value, path) => {
  if (value === 1) return 1;
  throw new BundleError("bundle_value", path, "1", JSON.stringify(value));
};

const header: FormOf<ArchiveHeader> = object({
  format: oneOf(Object.values(ARCHIVE_FORMATS)),
  entryVersion: one,
  ledger: object({
    id: hash,
    name: text(BUNDLE_LIMITS.nameLengthMax),
    label: hash,
    owner: address,
    createdAt: integer,
  }),
  signers: list(address, 1, SIGNERS_MAX),
  range: object({ from: integer, to: positive }),
  left: hashes,
});

const proof: FormOf<ArchiveProof> = object({ ...frameForms, right: hashes });

const trailer: FormOf<ArchiveTrailer> = object({
  entries: positive,
  checkpoints: integer,
  frames: positive,
  digest: hash,
});

export function encodeText(value: ArchiveHeader | ArchiveProof | ArchiveTrailer): Uint8Array {
  return utf8(JSON.stringify(value));
}

/** @throws ArchiveError */
export function decodeHeader(bytes: Uint8Array): ArchiveHeader {
  return decode("header", header, bytes);
}

/** @throws ArchiveError */
export function decodeProof(bytes: Uint8Array): ArchiveProof {
  return decode("proof", proof, bytes);
}

/** @throws ArchiveError */
export function decodeTrailer(bytes: Uint8Array): ArchiveTrailer {
  return decode("trailer", trailer, bytes);
}

function decode<T>(what: string, form: FormOf<T>, bytes: Uint8Array): T {
  try {
    return form(readBundleJson(readUtf8(bytes), READING), "");
  } catch (cause) {
    throw new ArchiveError("archive_malformed", `its ${what} is malformed: ${(cause as Error).message}`, { cause });
  }
}
