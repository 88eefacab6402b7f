/**
 * Alerts by e-mail: plain text, handed to a server for mail by SMTP (RFC 5321), encrypted unless the configuration says otherwise. A message about
 * one change has the same id each time, and those about one alert belong together (RFC 5322 §3.6.4).
 * Why with whose code: docs/decisions/0235.
 */

import { visible } from "../../../json/visible.ts";
import type { AlertChange } from "../../alert.ts";
import type { Severity } from "../../rule.ts";
import { type Channel, headline, type Reception } from "../channel.ts";
import { runbookOf } from "../runbook.ts";
import { type MailServer, SmtpSession } from "./smtp-session.ts";

export type EmailSettings = {
  readonly name: string;
  readonly server: MailServer;
  /** Addresses without names. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly from: Severity;
};

/** When there is a message to send. */
const loadComposer = () => import("nodemailer/lib/mail-composer");

/** Changes that some have and others do not, of which it is remembered who has them. */
const PARTLY_MAX = 1000;
/** RFC 5322 §2.1.1 has 998 bytes in a line; a subject is read in a list. */
const SUBJECT_MAX = 200;

export class Email implements Channel {
  readonly kind = "email";
  readonly name: string;
  readonly from: Severity;
  readonly #settings: EmailSettings;
  /** By change, those who have it: who refused it is tried again, and the others are not told twice. */
  readonly #taken = new Map<string, ReadonlySet<string>>();

  constructor(settings: EmailSettings) {
    this.name = settings.name;
    this.from = settings.from;
    this.#settings = settings;
  }

  async send(change: AlertChange, signal: AbortSignal): Promise<Reception> {
    const { server, sender, recipients } = this.#settings;
    const taken = this.#taken.get(change.id) ?? new Set();
    const left = recipients.filter((each) => !taken.has(each));
    const message = await messageOf(change, this.#settings);
    const sent = await new SmtpSession(server).send({ from: sender, to: left, message }, signal);
    if (!sent.isTaken) return sent;
    if (sent.refused.length === 0) {
      this.#taken.delete(change.id);
      return { isTaken: true };
    }
    const refused = sent.refused.map(({ recipient }) => recipient);
    this.#remember(change.id, new Set(recipients.filter((each) => !refused.includes(each))));
    const reasons = sent.refused.map(({ recipient, reason }) => `${recipient}: ${reason}`);
    return { isTaken: false, reason: `it takes nothing for ${reasons.join("; ")}` };
  }

  #remember(change: string, taken: ReadonlySet<string>): void {
    this.#taken.set(change, taken);
    if (this.#taken.size > PARTLY_MAX) this.#taken.delete(this.#taken.keys().next().value as string);
  }
}

/** What is in headers is spelled so that it cannot begin another one, whatever a source is called. */
async function messageOf(change: AlertChange, { sender, recipients }: EmailSettings): Promise<Buffer> {
  const { id, kind, at, alert } = change;
  const domain = sender.slice(sender.lastIndexOf("@") + 1);
  const first = `<${alert.id}@${domain}>`;
  const lines = [
    headline(change),
    "",
    alert.detail,
    "",
    `What to do: ${runbookOf(alert)}`,
    `Since: ${new Date(alert.firedAt).toISOString()}`,
    ...(alert.resolvedAt === undefined ? [] : [`Until: ${new Date(alert.resolvedAt).toISOString()}`]),
    `Alert: ${alert.id}, change ${id} (${kind})`,
  ];
  const { default: MailComposer } = await loadComposer();
  const composer = new MailComposer({
    from: { name: "Holdfast", address: sender },
    to: recipients.map((address) => ({ name: "", address })),
    subject: visible(headline(change)).slice(0, SUBJECT_MAX).toWellFormed(),
    date: new Date(at),
    messageId: `<${id}@${domain}>`,
    references: first,
    headers: {
      "Auto-Submitted": "auto-generated",
      "X-Holdfast-Alert": alert.id,
      "X-Holdfast-Severity": alert.severity,
    },
    text: lines.map((line) => visible(line).toWellFormed()).join("\n"),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return await composer.compile().build();
}
