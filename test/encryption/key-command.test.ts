/** A key-encryption key behind a program: the port's promises, though the program itself keeps few of them. */

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { KekRefusedError, KekUnavailableError } from "../../src/encryption/key-encryption-key.ts";
import { openKeyCommand } from "../../src/encryption/providers/key-command.ts";
import { until } from "../until.ts";
import { type Failing, keyEncryptionKeySuite } from "./key-encryption-key-suite.ts";

const PROGRAM = join(import.meta.dirname, "key-program.pl");
/** Short where a test waits for the end; long enough for a process to start on a busy machine. */
const LIMITS = { deadlineMs: 12_000, attemptMs: 600, attempts: 3, pauseMs: 10, restMs: 50, atOnceMax: 3 };

/** Keys as an operator's program has them. It is careless: its cipher notices no change and knows no context. */
class CarelessKeys {
  readonly versions = new Map<string, Buffer>();
  failing: Failing | undefined;
  times = 0;
  most = 0;
  #running = 0;
  readonly #server: Server;
  readonly #path: string;
  readonly #made: string[] = [];

  constructor(folder: string) {
    this.#path = join(folder, "socket");
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#answer(socket)).listen(this.#path);
    this.renew();
  }

  get argv(): readonly string[] {
    return ["perl", PROGRAM, this.#path];
  }

  get secrets(): readonly string[] {
    return this.#made;
  }

  renew(): void {
    const key = randomBytes(32);
    this.versions.set(`v${this.versions.size + 1}`, key);
    this.#made.push(key.toString("hex"));
  }

  close(): void {
    this.#server.close();
  }

  async #answer(socket: Socket): Promise<void> {
    this.most = Math.max(this.most, ++this.#running);
    let text = "";
    // A program that is ended takes its socket with it.
    socket.on("error", () => undefined).on("close", () => this.#running--);
    for await (const piece of socket.setEncoding("utf8")) text += piece;
    const isBroken = this.failing === "breaks" || this.times-- > 0;
    if (this.failing === "hangs") return;
    if (isBroken) socket.end(`3\nno connection; it was asked ${text}`);
    else if (this.failing === "says nonsense") socket.end("0\n<html>Gateway</html>");
    else socket.end(`0\n${JSON.stringify(this.#work(JSON.parse(text)))}`);
  }

  #work(question: Readonly<Record<"operation" | "version" | "key" | "wrapped", string>>): object {
    if (question.operation === "status") return { id: "safe", version: [...this.versions.keys()].at(-1) };
    const key = this.versions.get(question.version);
    if (key === undefined) return { refused: `there is no version ${question.version}` };
    if (question.operation === "wrap") {
      const nonce = randomBytes(16);
      const encrypted = createCipheriv("aes-256-ctr", key, nonce).update(question.key, "base64");
      return { wrapped: Buffer.concat([nonce, encrypted]).toString("base64"), version: question.version };
    }
    const wrapped = Buffer.from(question.wrapped, "base64");
    if (wrapped.length < 17) return { refused: "too short" };
    if (this.failing === "gives another key") return { key: randomBytes(64).toString("base64") };
    const decipher = createDecipheriv("aes-256-ctr", key, wrapped.subarray(0, 16));
    return { key: decipher.update(wrapped.subarray(16)).toString("base64") };
  }
}

keyEncryptionKeySuite("a key behind a program that wraps", async () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), "holdfast-key-program-")));
  const [keys, others] = folders.map((folder) => new CarelessKeys(folder)) as [CarelessKeys, CarelessKeys];
  return {
    open: () => openKeyCommand(keys.argv, "wrapping", LIMITS),
    openOther: () => openKeyCommand(others.argv, "wrapping", LIMITS),
    renew: async () => keys.renew(),
    rotatesWhileOpen: true,
    disable: async (version) => void keys.versions.delete(version),
    isSlow: true,
    elsewhere: {
      fail: (how) => {
        keys.failing = how;
      },
      failTimes: (times) => {
        keys.times = times;
      },
      heal: () => {
        keys.failing = undefined;
      },
      atOnce: () => ({ most: keys.most, max: LIMITS.atOnceMax }),
    },
    secrets: () => [...keys.secrets, ...others.secrets],
    close: async () => {
      for (const each of [keys, others]) each.close();
      for (const each of folders) rmSync(each, { recursive: true });
    },
  };
});

keyEncryptionKeySuite("keys that a program says", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-key-program-"));
  const path = join(folder, "keys");
  let keys = [randomBytes(32).toString("hex")];
  const write = () => writeFileSync(path, keys.join("\n"));
  write();
  writeFileSync(`${path}.other`, randomBytes(32).toString("hex"));
  return {
    open: () => openKeyCommand(["cat", path], "keys", LIMITS),
    openOther: () => openKeyCommand(["cat", `${path}.other`], "keys", LIMITS),
    renew: async () => {
      keys = [randomBytes(32).toString("base64"), ...keys];
      write();
    },
    rotatesWhileOpen: true,
    secrets: () => keys,
    close: async () => rmSync(folder, { recursive: true }),
  };
});

/** A program that does what a line of the shell says. */
function shell(line: string): readonly string[] {
  return ["sh", "-c", line];
}

async function messageOf(work: Promise<unknown>, kind: typeof KekRefusedError | typeof KekUnavailableError) {
  const error = await work.then(
    () => undefined,
    (reason: Error) => reason,
  );
  assert.ok(error instanceof kind, `expected ${kind.name}, got ${error?.name}: ${error?.message}`);
  return error.message;
}

test("what a program says on standard error is told on one line, without what may be a secret", async () => {
  const token = "hvs.CAESIJ1mZk3v9Yx2nQ7Lb4Rt";
  const line = `printf 'cannot log in\\n\\033[31mtoken ${token} key ${"ab".repeat(32)} /usr/lib/safe\\n' >&2; exit 7`;
  const message = await messageOf(openKeyCommand(shell(line), "wrapping", LIMITS), KekUnavailableError);
  assert.match(message, /expected the command sh to say its id and version, got: status 7: cannot log in/);
  assert.match(message, /\/usr\/lib\/safe/);
  assert.equal(message.includes("CAESIJ1m") || message.includes("abab"), false, message);
  assert.match(message, /^[\x20-\x7e…]*$/, "no control characters");
});

test("a program that is not there, or floods, ends with a message", async () => {
  const limits = { ...LIMITS, attempts: 1 };
  const missing = await messageOf(openKeyCommand(["no-such-program-here"], "wrapping", limits), KekUnavailableError);
  assert.match(missing, /could not be started \(ENOENT\)/);
  const flood = await messageOf(openKeyCommand(shell("exec yes"), "wrapping", limits), KekUnavailableError);
  assert.match(flood, /more than 65536 bytes of output/);
  const closed = await messageOf(openKeyCommand(shell("exec 0<&-; exit 0"), "wrapping", limits), KekUnavailableError);
  assert.match(closed, /something else than one JSON object/);
  const nameless = await messageOf(openKeyCommand(shell(`echo '{"id":"a b","version":"1"}'`)), KekRefusedError);
  assert.match(nameless, /to answer \{"id", "version"\}/);
});

test("a program that does not end is ended, with what it started", async (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-key-program-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const line = `sleep 1000 & echo $! > ${folder}/pid; wait`;
  const limits = { ...LIMITS, attempts: 1 };
  await messageOf(openKeyCommand(shell(line), "wrapping", limits), KekUnavailableError);
  const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
  await until("the program and what it started to end", () => !isRunning(pid));
  assert.deepEqual(readdirSync(folder), ["pid"]);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended is a zombie until whoever adopted it looks.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
