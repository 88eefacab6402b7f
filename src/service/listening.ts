/** Settings of where a service listens, with TLS and without, and where the certificate is that it shows. */

import { type ListenAddress, readListenAddress } from "../net/listen-address.ts";
import { LISTEN_DEFAULT } from "../net/service-defaults.ts";
import { ConfigError } from "./settings/setting-errors.ts";

/** Settings of TLS in the file; the variables go first. */
export type TlsSettings = {
  readonly listen?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly clientCa?: string | undefined;
  readonly clients: "optional" | "required";
  readonly hstsS: number;
};

export const TLS_DEFAULTS = { clients: "optional", hstsS: 0 } as const;

/** How the service speaks TLS, wherever it does. */
export type TlsConfig = {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  readonly clients: "optional" | "required";
  /** Seconds for which browsers are told to come with TLS only; 0 tells them nothing. */
  readonly hstsS: number;
};

export type Listening = {
  /** Without TLS. */
  readonly http: ListenAddress | undefined;
  readonly https: ListenAddress | undefined;
  readonly tls: TlsConfig | undefined;
};

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Where a service listens. Plain HTTP is left out where only an address for TLS is set.
 * @throws ConfigError
 */
export function readListening(env: Variables, listen: string | undefined, settings: TlsSettings): Listening {
  const https = readAddress("HOLDFAST_TLS_LISTEN", env.HOLDFAST_TLS_LISTEN, "tls.listen", settings.listen);
  const http = readAddress("HOLDFAST_LISTEN", env.HOLDFAST_LISTEN, "listen", listen);
  const tls = readTls(env, settings);
  if (https !== undefined && tls === undefined)
    throw new ConfigError("expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY beside an address for TLS, got neither");
  const isDefault = http === undefined && https === undefined;
  return { http: isDefault ? parseAddress(LISTEN_DEFAULT, "HOLDFAST_LISTEN") : http, https, tls };
}

function readTls(env: Variables, settings: TlsSettings): TlsConfig | undefined {
  const cert = env.HOLDFAST_TLS_CERT ?? settings.cert;
  const key = env.HOLDFAST_TLS_KEY ?? settings.key;
  const clientCa = env.HOLDFAST_TLS_CLIENT_CA ?? settings.clientCa;
  if (cert !== undefined && key !== undefined)
    return { cert, key, clientCa, clients: settings.clients, hstsS: settings.hstsS };
  const only = cert !== undefined ? "HOLDFAST_TLS_CERT" : key !== undefined ? "HOLDFAST_TLS_KEY" : undefined;
  if (only !== undefined)
    throw new ConfigError(`expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY together, got only ${only}`);
  if (clientCa !== undefined)
    throw new ConfigError("expected HOLDFAST_TLS_CERT and HOLDFAST_TLS_KEY beside HOLDFAST_TLS_CLIENT_CA, got neither");
  return undefined;
}

function readAddress(
  variable: string,
  ofVariable: string | undefined,
  setting: string,
  ofFile: string | undefined,
): ListenAddress | undefined {
  if (ofVariable !== undefined) return parseAddress(ofVariable, variable);
  return ofFile === undefined ? undefined : parseAddress(ofFile, JSON.stringify(setting));
}

/** @throws ConfigError that names the setting */
export function parseAddress(text: string, setting: string): ListenAddress {
  const address = readListenAddress(text);
  if (address !== undefined) return address;
  const forms = "host:port or [IPv6 address]:port, such as 127.0.0.1:4600";
  throw new ConfigError(`expected ${setting} as ${forms}, got ${JSON.stringify(text)}`);
}

/** The address that people are told of. */
export function mainAddress({ http, https }: Pick<Listening, "http" | "https">): ListenAddress {
  const address = http ?? https;
  if (address === undefined) throw new Error("expected an address to listen at, got none");
  return address;
}
