/**
 * A key-encryption key behind a program of the operator's: asked in JSON on standard input (holdfast/key-command@1), it
 * wraps and unwraps, and the key never comes here; or it says the keys themselves, as programs in front of password stores do.
 * docs/encryption.md is its page. Why: docs/decisions/0206.
 */

import { basename } from "node:path";
import { readJson } from "../../json/read.ts";
import { KekRefusedError, KekUnavailableError, type KeyEncryptionKey } from "../key-encryption-key.ts";
import { AskAgainError, type AskingLimits, ProviderAsking } from "./asking.ts";
import { bindKey, unbindKey } from "./bound-key.ts";
import { type KeyVersion, readKeyList, unwrapLocally, wrapLocally } from "./local-keys.ts";
import { runProgram } from "./run-program.ts";
import { strikeSecrets } from "./strike-secrets.ts";

const FORMAT = "holdfast/key-command@1";
const OUTPUT_MAX = 64 * 1024;
const NAME = /^[\x21-\x7e]{1,200}$/;
/** Programs that somebody has to start, log in and so on take longer than a server. */
const LIMITS = { deadlineMs: 30_000, attemptMs: 15_000, atOnceMax: 4 } as const;

type Question =
  | { readonly operation: "status" }
  | { readonly operation: "wrap"; readonly version: string; readonly context: string; readonly key: string }
  | { readonly operation: "unwrap"; readonly version: string; readonly context: string; readonly wrapped: string };
const TASKS = { status: "say its id and version", wrap: "wrap a key", unwrap: "unwrap a key" } as const;
type Answer = Readonly<Record<string, unknown>>;

/**
 * @param argv the program and its arguments
 * @param gives whether it wraps and unwraps, or says keys
 * @throws KekUnavailableError, KekRefusedError
 */
export function openKeyCommand(
  argv: readonly string[],
  gives: "wrapping" | "keys" = "wrapping",
  limits: Partial<AskingLimits> = {},
): Promise<KeyEncryptionKey> {
  const asking = new ProviderAsking(`the command ${programOf(argv)}`, { ...LIMITS, ...limits });
  return gives === "keys" ? openKeysOf(argv, asking) : openWrapping(argv, asking);
}

/** One that wraps and unwraps. */
async function openWrapping(argv: readonly string[], asking: ProviderAsking): Promise<KeyEncryptionKey> {
  let inForce = await statusOf(argv, asking);
  const { name } = inForce;
  return {
    id: `command:${name}`,
    get version() {
      return inForce.version;
    },
    async wrap(key, context) {
      const { version } = inForce;
      const bound = Buffer.from(bindKey(key, context)).toString("base64");
      const answer = await ask(argv, asking, { operation: "wrap", version, context, key: bound });
      const said = answer.version ?? version;
      if (said !== version)
        throw new KekRefusedError(
          `expected the command ${programOf(argv)} to wrap under version ${version}, got another one; holdfast encryption rotate goes on with it`,
        );
      const wrapped = bytesIn(answer.wrapped);
      if (wrapped !== undefined) return wrapped;
      throw new KekUnavailableError(
        `expected the command ${programOf(argv)} to answer {"wrapped": base64}, got something else`,
      );
    },
    async unwrap(wrapped, { version, context }) {
      const text = Buffer.from(wrapped).toString("base64");
      const answer = await ask(argv, asking, { operation: "unwrap", version, context, wrapped: text });
      const bound = bytesIn(answer.key);
      if (bound !== undefined) return unbindKey(bound, context);
      throw new KekUnavailableError(
        `expected the command ${programOf(argv)} to answer {"key": base64}, got something else`,
      );
    },
    async rotate() {
      const found = await statusOf(argv, asking);
      if (found.name !== name)
        throw new KekRefusedError(`expected the command ${programOf(argv)} to have the id ${name}, got ${found.name}`);
      if (found.version === inForce.version)
        throw new KekRefusedError(
          `expected a newer version than ${inForce.version} from the command ${programOf(argv)}, got the same; make one where it keeps its keys, and try again`,
        );
      inForce = found;
    },
    close: async () => asking.close(),
  };
}

/** One that says the keys. */
async function openKeysOf(argv: readonly string[], asking: ProviderAsking): Promise<KeyEncryptionKey> {
  const read = () =>
    asking.ask("say its keys", async (signal) => {
      const text = await outputOf(argv, "", signal);
      return readKeyList(text, `the output of ${programOf(argv)}`);
    });
  let keys: readonly [KeyVersion, ...KeyVersion[]] = await read();
  const id = `command:${programOf(argv)}`;
  return {
    id,
    get version() {
      return keys[0].version;
    },
    wrap: async (key, context) => wrapLocally(keys[0], id, key, context),
    unwrap: async (wrapped, about) => unwrapLocally(keys, id, wrapped, about),
    async rotate() {
      const found = await read();
      const [{ version }] = keys;
      if (found[0].version === version)
        throw new KekRefusedError(
          `expected a newer key first in the output of ${programOf(argv)}, got the same; put one in front of the others there, and try again`,
        );
      if (!found.some((each) => each.version === version))
        throw new KekRefusedError(
          `expected the key in force (${version}) behind the newer one in the output of ${programOf(argv)}, got none; it is needed until everything is wrapped anew`,
        );
      keys = found;
    },
    close: async () => asking.close(),
  };
}

async function statusOf(
  argv: readonly string[],
  asking: ProviderAsking,
): Promise<{ readonly name: string; readonly version: string }> {
  const { id, version } = await ask(argv, asking, { operation: "status" });
  if (typeof id === "string" && NAME.test(id) && typeof version === "string" && NAME.test(version))
    return { name: id, version };
  throw new KekRefusedError(
    `expected the command ${programOf(argv)} to answer {"id", "version"}, texts of at most 200 characters of ASCII without spaces, got something else`,
  );
}

/** @throws KekRefusedError when it says that it refuses, KekUnavailableError when nothing is to be had of it */
function ask(argv: readonly string[], asking: ProviderAsking, question: Question): Promise<Answer> {
  const { operation } = question;
  const secrets = operation === "wrap" ? spellingsOf(question.key) : [];
  return asking.ask(TASKS[operation], async (signal) => {
    const input = `${JSON.stringify({ format: FORMAT, ...question })}\n`;
    const answer = readAnswer(await outputOf(argv, input, signal, secrets));
    if (answer === undefined) throw new AskAgainError("something else than one JSON object");
    if (answer.refused === undefined) return answer;
    const why = strikeSecrets(String(answer.refused), secrets);
    throw new KekRefusedError(`the command ${programOf(argv)} refused to ${TASKS[operation]}: ${why}`);
  });
}

/** What it says; a status other than 0 passes, as far as anybody can tell. */
async function outputOf(
  argv: readonly string[],
  input: string,
  signal: AbortSignal,
  secrets: readonly string[] = [],
): Promise<string> {
  const { status, output, said } = await runProgram(argv, input, { signal, outputMax: OUTPUT_MAX });
  if (status === 0) return Buffer.from(output).toString();
  const words = strikeSecrets(said, secrets);
  throw new AskAgainError(`status ${status}${words === "" ? "" : `: ${words}`}`);
}

function readAnswer(text: string): Answer | undefined {
  try {
    const value = readJson(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Answer) : undefined;
  } catch {
    // What it says may hold a part of the text.
    return undefined;
  }
}

/** @returns undefined for what is no base64, or empty */
function bytesIn(value: unknown): Uint8Array | undefined {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return undefined;
  return Uint8Array.from(Buffer.from(value, "base64"));
}

/** A key as a program may repeat it. */
function spellingsOf(base64: string): string[] {
  const bytes = Buffer.from(base64, "base64");
  return [base64, bytes.toString("base64url"), bytes.toString("hex"), bytes.toString("hex").toUpperCase()];
}

/** Without its arguments, which may hold secrets. */
function programOf(argv: readonly string[]): string {
  return basename(argv[0] ?? "");
}
