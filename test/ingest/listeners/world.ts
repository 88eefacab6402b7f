/** Listeners over a real ledger, in this process: what they recorded, and senders that are sockets. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readMembers } from "../../../src/entry/prepare.ts";
import { HTTP_LIMITS } from "../../../src/http/services.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { type ListenerSettings, Listeners, type ListenersOptions } from "../../../src/ingest/listeners/listeners.ts";
import { SourceBook } from "../../../src/ingest/sources/source-counts.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { createMetrics, type Metrics } from "../../../src/metrics.ts";
import { type Running, startService } from "../../http/service.ts";

export type Recorded = {
  readonly action: string;
  readonly message?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly _raw: unknown;
  readonly _source: Readonly<Record<string, unknown>>;
};

export type World = {
  readonly listeners: Listeners;
  readonly service: Running;
  readonly metrics: Metrics;
  readonly sources: SourceBook;
  /** Opens a listener at a free port. @returns the port */
  open(settings: Partial<ListenerSettings> & Pick<ListenerSettings, "transport">): Promise<number>;
  recorded(): Promise<Recorded[]>;
  /** Waits for so many entries. */
  waitFor(count: number): Promise<Recorded[]>;
};

type TestEnd = { readonly after: (end: () => Promise<void>) => void };

/** @param more options of the listeners that differ */
export async function listenersFor(t: TestEnd, more: Partial<ListenersOptions> = {}): Promise<World> {
  const service = await startService();
  const hash = await fastKeccak256();
  const metrics = createMetrics();
  const quiet = (): void => undefined;
  const sources = await SourceBook.open(service.store);
  const listeners = new Listeners({
    preparation: { hash, salts: createSalts() },
    limits: HTTP_LIMITS.event,
    rawBytesMax: HTTP_LIMITS.requestBytesMax,
    ledger: (name) => service.ledgers.get(name),
    now: () => service.clock.now,
    sources,
    rules: service.rules,
    health: service.health,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    metrics,
    certificate: undefined,
    clients: undefined,
    ...more,
  });
  t.after(async () => {
    await listeners.close();
    await sources.close();
    await service.close();
  });
  const recorded = async (): Promise<Recorded[]> => {
    const ledger = service.ledgers.get("main");
    const all: Recorded[] = [];
    if (ledger === undefined) return all;
    for await (const entry of service.store.entries(ledger.record.id, 0, ledger.size))
      all.push(readMembers(entry) as unknown as Recorded);
    return all;
  };
  return {
    listeners,
    service,
    metrics,
    sources,
    recorded,
    async open(settings) {
      const { port } = await listeners.open({
        address: { host: "127.0.0.1", port: 0 },
        setting: "a test",
        ledger: "main",
        source: "syslog",
        messageBytes: 262_144,
        isNamedByClient: false,
        ...settings,
      });
      return port;
    },
    async waitFor(count) {
      for (const end = Date.now() + 60_000; ; await sleep(20)) {
        const size = service.ledgers.get("main")?.size ?? 0;
        if (size >= count) return await recorded();
        if (Date.now() > end) throw new Error(`expected ${count} entries within a minute, got ${size}`);
      }
    },
  };
}

/** A connection, and what it sends. */
export async function sender(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Opens a connection, sends, and ends it. */
export async function send(port: number, bytes: string | Uint8Array): Promise<void> {
  const socket = await sender(port);
  socket.resume().end(bytes);
  await once(socket, "close");
}
