/** Events of a service that were drawn by chance: sent by two senders, and read back as lines that lead to the root of a checkpoint. */

import assert from "node:assert/strict";
import { readLine } from "../../../src/export/lines.ts";
import type { ExportTrailer } from "../../../src/export/trailer.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { TreeEdge } from "../../../src/merkle/append.ts";
import { fromHex, toHex } from "../../../src/merkle/bytes.ts";
import type { TestEvent } from "../../query/fake-ledger.ts";
import { makeEvent, makeRaw, type Recorded, random } from "../../query/random-events.ts";
import type { ServiceProcess } from "../service-process.ts";

export const LEDGER = "/v1/ledgers/main";

type Receipt = { readonly index: number; readonly leafHash: string };

export class RecordedEvents {
  /** As they are read back, each with the line that an export has of it. */
  readonly events: Recorded[] = [];
  readonly lines: string[] = [];
  /** Keys of two senders. */
  readonly #keys: readonly string[];
  readonly #hash: Awaited<ReturnType<typeof fastKeccak256>>;
  readonly #edge: TreeEdge;
  /** What was sent natively and acknowledged, until it is read. */
  readonly #sent = new Map<number, { readonly event: TestEvent; readonly leafHash: string }>();

  private constructor(keys: readonly string[], hash: Awaited<ReturnType<typeof fastKeccak256>>) {
    this.#keys = keys;
    this.#hash = hash;
    this.#edge = new TreeEdge(hash);
  }

  static async begin(service: ServiceProcess): Promise<RecordedEvents> {
    const make = async (source: string) =>
      (await service.json<{ key: string }>(201, "POST /v1/keys", { source, roles: ["writer"] })).key;
    return new RecordedEvents([await make("desk"), await make("mill")], await fastKeccak256());
  }

  /** Of those that were read. */
  get size(): number {
    return this.events.length;
  }

  /** Records so many events, most of them as clients send them, some as a foreign format brings them. */
  async append(service: ServiceProcess, count: number): Promise<void> {
    const headers = { Authorization: `Bearer ${this.#keys[random(2)]}` };
    const logs = Array.from({ length: count >> 3 }, () => (random(9) === 0 ? "nothing sure" : makeRaw()));
    const events = Array.from({ length: count - logs.length }, makeEvent);
    const path = `POST ${LEDGER}/events`;
    const { receipts } = await service.json<{ receipts: readonly Receipt[] }>(201, path, events, headers);
    assert.equal(receipts.length, events.length);
    for (const [i, { index, leafHash }] of receipts.entries()) {
      this.#sent.set(index, { event: events[i] as TestEvent, leafHash });
    }
    if (logs.length > 0) await service.json(200, `POST ${LEDGER}/ingest/logs`, logs.join("\n"), headers);
  }

  /** Reads what came since; it has to be what was sent, and to lead to the root of the newest checkpoint. */
  async read(service: ServiceProcess): Promise<void> {
    const { status, text } = await service.ask(`GET ${LEDGER}/export?from=${this.size}`);
    assert.equal(status, 200, text);
    const lines = text.trimEnd().split("\n");
    const { holdfast_export: trailer } = JSON.parse(lines.pop() as string) as { holdfast_export: ExportTrailer };
    for (const line of lines) {
      const { index, event, recordedAt, leafHash } = readLine(line, this.#hash);
      assert.equal(index, this.size);
      const sent = this.#sent.get(index);
      if (sent !== undefined) {
        const { _source: _, ...own } = event;
        assert.deepEqual({ event: own, leafHash }, sent);
        this.#sent.delete(index);
      }
      this.#edge.append(fromHex(leafHash));
      this.events.push({ event, recordedAt });
      this.lines.push(line);
    }
    assert.equal(trailer.size, this.size);
    assert.equal(toHex(this.#edge.root()), trailer.checkpoint?.root);
    assert.equal(this.#sent.size, 0, "expected every event that was acknowledged");
  }
}
