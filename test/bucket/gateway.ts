/**
 * A store that really keeps to Object Lock: Ceph's RADOS Gateway with a monitor and an OSD in memory, of Debian's packages
 * radosgw, ceph-mon, ceph-osd and ceph-common. A mock would take the words and prove nothing.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const CREDENTIALS = { accessKeyId: "AKTESTAKTEST", secretAccessKey: "SKTESTSKTESTSKTEST" };

const PROGRAMS = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool"];
/** Of one try. It takes 12 s on two cores with nothing beside it, 15 s beside the other tests. */
const STARTS_MS = 60_000;
/** Each in a folder and on ports of its own: a port that another program took in between is not come by again. */
const TRIES = 3;
/** Before a program that ended is begun again. */
const AGAIN_MS = 500;
/** In characters: how much of what a program said is told. */
const LAST_WORDS = 400;

export type Gateway = { readonly url: string; readonly close: () => void };

/** Why it cannot be tried here; undefined where it can. */
export function missingGateway(): string | undefined {
  const missing = PROGRAMS.filter((program) => spawnSync("which", [program]).status !== 0);
  if (missing.length === 0) return undefined;
  const packages = "radosgw ceph-mon ceph-osd ceph-common";
  return `NOT TRIED: ${missing.join(", ")} not installed (apt-get install --no-install-recommends ${packages})`;
}

/** One that does not come up leaves no process behind, which would keep the test file from ending. */
export async function startGateway(): Promise<Gateway> {
  const reasons: string[] = [];
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    try {
      return await tryToStart();
    } catch (error) {
      reasons.push(`try ${attempt}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`the gateway did not start: ${reasons.join("\n")}`);
}

async function tryToStart(): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-ceph-"));
  const daemons = new Daemons(folder);
  const close = () => {
    daemons.close();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", close);
  try {
    return { url: await startIn(folder, daemons), close };
  } catch (error) {
    const said = daemons.lastWords();
    close();
    throw new Error(`${error instanceof Error ? error.message : error}; ${said}`);
  }
}

/** The programs that go on, each begun again when it ends: an OSD that is faster than the monitor's first map is refused by it. */
class Daemons {
  readonly #folder: string;
  readonly #running = new Set<ChildProcess>();
  readonly #outputs: string[] = [];
  #isClosed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  start(program: string, ...args: string[]): void {
    const output = join(this.#folder, "run", `${program}.out`);
    if (!this.#outputs.includes(output)) this.#outputs.push(output);
    const file = openSync(output, "a");
    const child = spawn(program, ["-c", join(this.#folder, "ceph.conf"), ...args, "-f"], {
      stdio: ["ignore", file, file],
    });
    closeSync(file);
    this.#running.add(child);
    child.once("exit", () => {
      this.#running.delete(child);
      if (!this.#isClosed) setTimeout(() => this.#isClosed || this.start(program, ...args), AGAIN_MS).unref();
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const child of this.#running) child.kill("SIGKILL");
  }

  /** The end of what each wrote. */
  lastWords(): string {
    return this.#outputs.map((file) => `${file}: ${readFileSync(file, "utf8").slice(-LAST_WORDS)}`).join("\n");
  }
}

async function startIn(folder: string, daemons: Daemons): Promise<string> {
  const config = join(folder, "ceph.conf");
  const [monitor, gateway, osd] = (await Promise.all([freePort(), freePort(), freePort()])) as [number, number, number];
  const cluster = randomUUID();
  for (const name of ["mon", "osd", "run"]) mkdirSync(join(folder, name));
  writeFileSync(config, configOf(folder, { cluster, monitor, gateway, osd }));
  const run = (program: string, ...args: string[]) => runTool(program, ["-c", config, ...args]);
  const map = join(folder, "monmap");
  execFileSync("monmaptool", ["--create", "--addv", "a", `[v1:127.0.0.1:${monitor}]`, "--fsid", cluster, map], {
    stdio: "ignore",
  });
  run("ceph-mon", "-i", "a", "--mkfs", "--monmap", map);
  daemons.start("ceph-mon", "-i", "a");
  const id = run("ceph", "osd", "create").trim();
  run("ceph-osd", "-i", id, "--mkfs", "--osd-uuid", randomUUID());
  daemons.start("ceph-osd", "-i", id);
  daemons.start("radosgw", "-n", "client.rgw");
  const url = `http://127.0.0.1:${gateway}`;
  await untilItAnswers(url);
  const { accessKeyId, secretAccessKey } = CREDENTIALS;
  const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
  run("radosgw-admin", "user", "create", "--uid=tests", "--display-name=tests", ...keys);
  return url;
}

/** What it wrote to its standard output. */
function runTool(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: STARTS_MS });
  if (status === 0) return stdout;
  const said = stderr.slice(-LAST_WORDS);
  throw new Error(
    `${program} ${args.slice(2, 4).join(" ")} ended with ${error?.message ?? `status ${status}`}: ${said}`,
  );
}

type Ports = { readonly cluster: string; readonly monitor: number; readonly gateway: number; readonly osd: number };

/** One copy of everything, in memory; nobody has to show who they are but to the gateway. */
function configOf(folder: string, { cluster, monitor, gateway, osd }: Ports): string {
  return `[global]
fsid = ${cluster}
mon host = [v1:127.0.0.1:${monitor}]
mon initial members = a
public addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
ms bind ipv6 = false
ms bind msgr2 = false
ms bind port min = ${osd}
ms bind port max = ${osd + 20}
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/run/$name.log
[mon]
mon data = ${folder}/mon
[mon.a]
host = localhost
mon addr = 127.0.0.1:${monitor}
[osd]
osd objectstore = memstore
memstore device bytes = 1073741824
osd data = ${folder}/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gateway}
ms mon client mode = crc
`;
}

async function untilItAnswers(url: string): Promise<void> {
  const until = Date.now() + STARTS_MS;
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > until) throw new Error(`expected an answer of the gateway within ${STARTS_MS} ms, got none`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
