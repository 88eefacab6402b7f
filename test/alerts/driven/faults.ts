/** Faults that are put in by hand into a service that runs, with settings that are short, and taken out again. */

import { renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FILLER } from "../../system/fill-disk.ts";
import { event, type ServiceProcess, waitFor } from "../../system/service-process.ts";

export type Fault = {
  readonly rule: string;
  readonly subject: string;
  readonly breakIt: (service: ServiceProcess) => Promise<unknown>;
  readonly mend: (service: ServiceProcess) => Promise<unknown>;
  /** Whether the data folder has to be on a small disk of its own. */
  readonly needsSmallDisk?: boolean;
};

/** Of the service: a look each quarter of a second, and nothing that takes hours. */
export const SHORT = {
  intervalS: 0.25,
  silentAfterS: { beat: 2 },
  searches: [
    { name: "root_used", title: "somebody signed in as root", filter: "actor=user:root", withinS: 4, atLeast: 1 },
  ],
};

const EVENTS = "POST /v1/ledgers/main/events";
let sent = 0;

/** One event of the source that is expected every two seconds. */
export async function beat(service: ServiceProcess): Promise<void> {
  beatKey ??= (await service.json<{ key: string }>(201, "POST /v1/keys", { source: "beat", roles: ["writer"] })).key;
  await service.json(201, EVENTS, now(`beat-${sent++}`), { Authorization: `Bearer ${beatKey}` });
}
let beatKey: string | undefined;

/** Goes on beating until something else is so. */
async function beatUntil(service: ServiceProcess, isSo: () => Promise<boolean>): Promise<void> {
  await waitFor("the alert to end", async () => {
    await beat(service);
    return isSo();
  });
}

async function fires(service: ServiceProcess, rule: string): Promise<boolean> {
  const { firing } = await service.json<{ firing: { rule: string }[] }>(200, "GET /v1/alerts");
  return firing.some((each) => each.rule === rule);
}

/** An event of this moment: one of another day would be an alert about a clock. */
function now(id: string, more: object = {}): object {
  return event(id, { time: new Date().toISOString(), ...more });
}

/** Events of the administrator's source. */
function send(service: ServiceProcess, count: number): Promise<unknown> {
  return service.json(
    201,
    EVENTS,
    Array.from({ length: count }, () => now(`sent-${sent++}`)),
  );
}

/** Bodies that say they are compressed and are not: each is kept as it came. */
async function sendNonsense(service: ServiceProcess, count: number): Promise<void> {
  const headers = { "Content-Type": "text/plain", "Content-Encoding": "gzip" };
  for (let i = 0; i < count; i++) {
    const body = Buffer.from(`this is not gzip, ${sent++}`);
    await service.json(200, "POST /v1/ledgers/main/ingest/logs", body, headers);
  }
}

const ARCHIVED = {
  name: "logins",
  action: "user.*",
  keepAtMost: "P30D",
  after: "archive_and_prune",
  archiveFor: "P1Y",
};

async function putRetention(service: ServiceProcess, rules: readonly object[]): Promise<void> {
  privacyKey ??= (await service.json<{ key: string }>(201, "POST /v1/keys", { source: "counsel", roles: ["privacy"] }))
    .key;
  await service.json(200, "PUT /v1/ledgers/main/retention", { rules }, { Authorization: `Bearer ${privacyKey}` });
}
let privacyKey: string | undefined;

/** Leaves a twentieth of the disk: less than a tenth is told, less than 3 % is worse. */
function fillNearly({ data }: ServiceProcess): void {
  const { bavail, blocks, bsize } = statfsSync(data);
  const bytes = Math.floor(bavail - blocks / 20) * bsize;
  writeFileSync(join(data, FILLER), Buffer.alloc(bytes));
}

const marks = (service: ServiceProcess) => join(service.data, "marks");

export const FAULTS: readonly Fault[] = [
  {
    rule: "source_silent",
    subject: "main/beat",
    // It sends no more.
    breakIt: beat,
    mend: (service) => beatUntil(service, async () => !(await fires(service, "source_silent"))),
  },
  {
    rule: "root_used",
    subject: "main",
    breakIt: (service) => service.json(201, EVENTS, now(`root-${sent++}`, { actor: { type: "user", id: "root" } })),
    // It is over by itself, when the last of them is long enough ago.
    mend: async () => undefined,
  },
  {
    rule: "condition",
    subject: "marks_unwritable",
    breakIt: async (service) => {
      renameSync(marks(service), `${marks(service)}-away`);
      // What cannot be marked is not recorded: whoever sends is told so, and sends it again.
      await service.ask(EVENTS, now(`unmarked-${sent++}`));
    },
    mend: async (service) => renameSync(`${marks(service)}-away`, marks(service)),
  },
  {
    rule: "quarantine_rate",
    subject: "main/admin",
    breakIt: (service) => sendNonsense(service, 12),
    // They are fewer than a twentieth of all then.
    mend: (service) => send(service, 400),
  },
  {
    rule: "retention_held_up",
    subject: "main",
    breakIt: (service) => putRetention(service, [ARCHIVED]),
    mend: (service) => putRetention(service, []),
  },
  {
    rule: "disk_filling",
    subject: "data folder",
    needsSmallDisk: true,
    breakIt: async (service) => fillNearly(service),
    mend: async ({ data }) => rmSync(join(data, FILLER)),
  },
];
