/** All senders, in the order in which people are asked which one theirs is. */

import { CLUSTERS } from "./clusters.ts";
import { FORWARDERS } from "./forwarders.ts";
import { HOSTS } from "./hosts.ts";
import { PLATFORMS } from "./platforms.ts";
import { PROGRAMS } from "./programs.ts";
import type { Sender } from "./sender.ts";

export const SENDERS: readonly Sender[] = [...PROGRAMS, ...CLUSTERS, ...FORWARDERS, ...PLATFORMS, ...HOSTS];

export function senderNamed(id: string): Sender | undefined {
  return SENDERS.find((sender) => sender.id === id);
}
