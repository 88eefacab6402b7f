/** Alerts in a chat, by an incoming webhook as Slack has it; Mattermost, Rocket.Chat, Discord (`/slack`) and others take the same. */

import type { AlertChange } from "../../alert.ts";
import type { Severity } from "../../rule.ts";
import { type Channel, headline, type Reception } from "../channel.ts";
import { post } from "../post.ts";
import { runbookOf } from "../runbook.ts";

export type SlackSettings = { readonly name: string; readonly url: string; readonly from: Severity };

export class Slack implements Channel {
  readonly kind = "slack";
  readonly name: string;
  readonly from: Severity;
  readonly #url: string;

  constructor({ name, url, from }: SlackSettings) {
    this.name = name;
    this.from = from;
    this.#url = url;
  }

  send(change: AlertChange, signal: AbortSignal): Promise<Reception> {
    const { alert } = change;
    const lines = [`*${escaped(headline(change))}*`, escaped(alert.detail), `${runbookOf(alert)} · ${change.id}`];
    return post({ url: this.#url, body: JSON.stringify({ text: lines.join("\n") }), signal });
  }
}

/** Three characters have a meaning of their own in messages: https://api.slack.com/reference/surfaces/formatting#escaping */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
