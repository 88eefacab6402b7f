/**
 * Variables that nobody set: Kubernetes (service links) and Docker (--link) put some into a process for each service
 * beside it, named after that service. One that is called `holdfast`, or `holdfast-` and more, gets names like ours.
 */

import { isIP } from "node:net";

type Value = (text: string) => boolean;

const isNumber: Value = (text) => /^\d{1,5}$/.test(text);
const isAddress: Value = (text) => isIP(text) !== 0;
const isProtocol: Value = (text) => /^(?:tcp|udp|sctp)$/.test(text);
const isPlace: Value = (text) => /^(?:tcp|udp|sctp):\/\/\S+:\d{1,5}$/.test(text);
const isContainers: Value = (text) => /^\/[^/]+\/[^/]+$/.test(text);

/** Ends of names, and what stands there. Behind a port's number is its protocol, behind SERVICE_PORT its name. */
const LINKS: readonly (readonly [RegExp, Value])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, isNumber],
  [/_PORT$/, isPlace],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_START|_END)?$/, isPlace],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO$/, isProtocol],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_PORT(?:_START|_END)?$/, isNumber],
  [/_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
  [/_NAME$/, isContainers],
];

/**
 * Whether a variable is a link to a service, by its name and by what it holds.
 * @param env all variables: Docker hands on those of the other container, too, beside the link itself
 */
export function isServiceLink(name: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const value = env[name] ?? "";
  if (LINKS.some(([end, holds]) => end.test(name) && holds(value))) return true;
  const linked = /^(.+?)_ENV_/.exec(name)?.[1];
  return linked !== undefined && isContainers(env[`${linked}_NAME`] ?? "");
}
