/** Somebody who is told of alerts: takes signed webhooks, judged by the library of the standard, unless it is away. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export const SECRET = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;

export type Received = {
  /** The same however often it is sent. */
  readonly id: string;
  readonly type: string;
  readonly data: { readonly id: string; readonly rule: string; readonly subject: string; readonly runbook: string };
};

export class Receiver {
  /** What was taken, in the order in which it came. */
  readonly received: Received[] = [];
  /** Whether it takes what comes and never answers: what was begun is not over, and nothing of it was written down. */
  isDeaf = false;
  readonly #server = createServer(async (req, res) => {
    let body = "";
    for await (const piece of req.setEncoding("utf8")) body += piece;
    if (this.isDeaf) return;
    try {
      // Throws for a signature that does not fit.
      const { type, data } = new Webhook(SECRET).verify(body, req.headers as Record<string, string>) as Received;
      this.received.push({ id: String(req.headers["webhook-id"]), type, data });
      res.writeHead(204).end();
    } catch {
      res.writeHead(400).end();
    }
  });

  /** @returns its address */
  async open(test: { readonly after: (end: () => void) => void }): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    test.after(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What was told of one trouble. */
  of(rule: string, subject: string): readonly Received[] {
    return this.received.filter(({ data }) => data.rule === rule && data.subject === subject);
  }

  /** That it was told once that it began and once that it ended, of the same alert, under ids of their own. */
  requireOnce(rule: string, subject: string): void {
    const told = this.of(rule, subject);
    assert.deepEqual(
      told.map(({ type }) => type),
      ["alert.fired", "alert.resolved"],
      `${rule} ${subject}`,
    );
    assert.equal(new Set(told.map(({ data }) => data.id)).size, 1);
    assert.equal(new Set(told.map(({ id }) => id)).size, 2);
  }
}
