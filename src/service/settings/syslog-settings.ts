/** Settings of listeners for syslog: variables for one of each kind, and the file for as many as somebody likes. */

import type { ListenerSettings } from "../../ingest/listeners/listeners.ts";
import { parseAddress } from "../listening.ts";
import { ConfigError } from "./setting-errors.ts";

export const SYSLOG_DEFAULTS = { source: "syslog", messageBytes: 262_144, sourceFromCertificate: false } as const;

/** One listener of the file. */
type SyslogSetting = {
  readonly transport: ListenerSettings["transport"];
  readonly listen: string;
  readonly ledger?: string | undefined;
  readonly source: string;
  readonly messageBytes: number;
  readonly sourceFromCertificate: boolean;
};

const VARIABLES = { tcp: "HOLDFAST_SYSLOG_TCP", tls: "HOLDFAST_SYSLOG_TLS", udp: "HOLDFAST_SYSLOG_UDP" } as const;

/**
 * What listens for syslog.
 * @param around the ledger where none is named, and whether there is a certificate
 * @throws ConfigError
 */
export function readSyslog(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly SyslogSetting[],
  around: { readonly ledger: string; readonly hasCertificate: boolean },
): readonly ListenerSettings[] {
  const { messageBytes } = SYSLOG_DEFAULTS;
  const source = env.HOLDFAST_SYSLOG_SOURCE ?? SYSLOG_DEFAULTS.source;
  const ledger = env.HOLDFAST_SYSLOG_LEDGER ?? around.ledger;
  const ofVariables = (["tcp", "tls", "udp"] as const).flatMap((transport): ListenerSettings[] => {
    const setting = VARIABLES[transport];
    const text = env[setting];
    if (text === undefined) return [];
    const address = parseAddress(text, setting);
    return [{ transport, address, setting, ledger, source, messageBytes, isNamedByClient: false }];
  });
  const ofFile = settings.map((each, place): ListenerSettings => {
    const setting = `"syslog[${place}].listen"`;
    return {
      transport: each.transport,
      address: parseAddress(each.listen, setting),
      setting,
      ledger: each.ledger ?? ledger,
      source: each.source,
      messageBytes: each.messageBytes,
      isNamedByClient: each.sourceFromCertificate,
    };
  });
  const all = [...ofVariables, ...ofFile];
  const secure = all.find(({ transport }) => transport === "tls");
  if (secure !== undefined && !around.hasCertificate)
    throw new ConfigError(`expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY beside ${secure.setting}, got neither`);
  if (all.length === 0 && (env.HOLDFAST_SYSLOG_LEDGER ?? env.HOLDFAST_SYSLOG_SOURCE) !== undefined)
    throw new ConfigError(
      "expected an address in HOLDFAST_SYSLOG_TCP, _TLS or _UDP beside the other settings, got none",
    );
  return all;
}
