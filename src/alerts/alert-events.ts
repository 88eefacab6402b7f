/** Every change of an alert as an event of a ledger, once: what is not told yet is on the disk, written with the change. */

import { canonicalJson } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import { type OwnEvent, ownEvent, type Recording } from "../ledger/own-event.ts";
import type { RecordWrite, Store } from "../store/store.ts";
import type { AlertChange } from "./alert.ts";

const SPACE = "alert-events";

/** A ledger that is told. */
export interface ToldLedger {
  append(request: OwnEvent): Promise<unknown>;
}

export type AlertEventsOptions = Recording & {
  readonly store: Pick<Store, "records" | "writeRecords">;
  readonly ledger: () => ToldLedger | undefined;
};

export class AlertEvents {
  readonly #options: AlertEventsOptions;
  readonly #untold = new Map<string, AlertChange>();

  private constructor(options: AlertEventsOptions) {
    this.#options = options;
  }

  static async open(options: AlertEventsOptions): Promise<AlertEvents> {
    const events = new AlertEvents(options);
    for await (const [id, text] of options.store.records(SPACE, { onDamaged: () => undefined })) {
      events.#untold.set(id, readJson(text) as AlertChange);
    }
    return events;
  }

  /** What is to be written with a change. */
  write(change: AlertChange): RecordWrite {
    return { space: SPACE, key: change.id, value: canonicalJson(change) };
  }

  take(changes: readonly AlertChange[]): void {
    for (const change of changes) this.#untold.set(change.id, change);
  }

  /** Tells the ledger what it was not told; it recognises by its id what it was told before a crash. */
  async tell(): Promise<void> {
    const { store, ledger: find } = this.#options;
    const ledger = find();
    if (ledger === undefined) return;
    for (const [id, change] of this.#untold) {
      await ledger.append(ownEvent(this.#options, toldOf(change)));
      await store.writeRecords([{ space: SPACE, key: id, value: undefined }], { durable: false });
      this.#untold.delete(id);
    }
  }
}

function toldOf({ id, kind, at, alert }: AlertChange): Parameters<typeof ownEvent>[1] {
  const by = kind === "acknowledged" ? alert.acknowledged : kind === "silenced" ? alert.silenced : undefined;
  const { rule, subject, severity, detail, firedAt } = alert;
  return {
    action: `holdfast.alert.${kind}`,
    op: kind === "fired" ? "c" : "u",
    target: { type: "alert", id: alert.id },
    more: {
      message: detail,
      metadata: {
        change: id,
        rule,
        subject,
        severity,
        firedAt: new Date(firedAt).toISOString(),
        note: by?.note,
        until: kind === "silenced" && alert.silenced ? new Date(alert.silenced.until).toISOString() : undefined,
      },
    },
    at,
    ...(by !== undefined && { author: { key: by.key, source: by.source } }),
    knownBy: id,
  };
}
