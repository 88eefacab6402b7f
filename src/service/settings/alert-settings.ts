/** Settings of alerts: what is looked for, what is expected, and who is told. docs/alerts.md is the page about them. */

import { z } from "zod";
import { ACCESS_LEDGER } from "../../access/access.ts";
import { SEVERITIES } from "../../alerts/rule.ts";
import { ConfigError, describeSettings, settings } from "./setting-errors.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "expected 1 to 64 of a-z, 0-9, '.', '_', '-'");
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of a variable");
const path = z.string().min(1);
const severity = z.enum(SEVERITIES);
const seconds = z.number().positive().max(31_536_000);

/** An address that may hold a secret itself, as those of chats do; so it may stand in a file or a variable. */
const addresses = { url: z.url().optional(), urlFile: path.optional(), urlEnv: variable.optional() };
const webhook = settings({
  ...addresses,
  /** Files and variables with `whsec_…` or `whsk_…`, the newest first; each signs. */
  secretFiles: z.array(path).default([]),
  secretEnvs: z.array(variable).default([]),
});
/** An address and nothing else: what stands here goes into commands and headers. */
const address = z
  .string()
  .max(254)
  .regex(
    /^[!#-'*+\-/-9=?A-Z^-~.]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/,
    "expected an address as somebody@example.org",
  );
const email = settings({
  host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, "expected the name or address of a host"),
  /** 587 with STARTTLS, 465 with TLS, 25 without when absent. */
  port: z.int().min(1).max(65_535).optional(),
  security: z.enum(["starttls", "tls", "none"]).default("starttls"),
  from: address,
  to: z.array(address).min(1).max(32),
  user: z.string().min(1).max(256).optional(),
  passwordFile: path.optional(),
  passwordEnv: variable.optional(),
  /** PEM of authorities beside those that Node knows. */
  caFile: path.optional(),
  timeoutS: z.number().positive().max(300).default(20),
});
const told = { name, from: severity.default("warning") };

const channel = z.union(
  [
    settings({ ...told, webhook }),
    settings({ ...told, slack: settings(addresses) }),
    settings({
      ...told,
      alertmanager: settings({ ...addresses, tokenFile: path.optional(), tokenEnv: variable.optional() }),
    }),
    settings({ ...told, email }),
  ],
  'expected one of {"webhook"}, {"slack"}, {"alertmanager"}, {"email"} with a name, see docs/alerts.md#who-is-told',
);

const channels = z.array(channel).max(32).default([]);

const searched = settings({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, "expected 1 to 64 of a-z, 0-9, '_', the first a letter"),
  title: z.string().min(1).max(120),
  /** As a search has it: `action=user.login&outcome=denied`. */
  filter: z.string().min(1).max(4096),
  /** All when absent. */
  ledger: z.union([name, z.literal(ACCESS_LEDGER)], `expected the name of a ledger, or ${ACCESS_LEDGER}`).optional(),
  withinS: seconds.default(300),
  atLeast: z.int().positive().default(1),
  severity: severity.default("warning"),
});

export const alerts = z.union(
  [
    z.literal("off"),
    settings({
      intervalS: seconds.default(60),
      /** Names of rules that nobody wants. */
      without: z.array(name).default([]),
      /** By name of a source: after so many seconds without anything it is silent; "never" for one that may be. */
      silentAfterS: z
        .record(z.string(), z.union([seconds, z.literal("never")], 'expected seconds, or "never"'))
        .default({}),
      searches: z.array(searched).max(64).default([]),
      channels,
    }),
  ],
  'expected "off" or an object with intervalS, without, silentAfterS, searches, channels',
);

/** undefined: no rule judges, and nobody is told. */
export type AlertsConfig = Exclude<z.infer<typeof alerts>, "off"> | undefined;
export type ChannelConfig = z.infer<typeof channel>;

/** @throws ConfigError for what the form of a setting does not show */
export function readAlerts(setting: z.infer<typeof alerts>): AlertsConfig {
  if (setting === "off") return undefined;
  requireDifferent("searches", setting.searches);
  requireWhole(setting.channels);
  return setting;
}

/** Channels of a file that has nothing else, of a watcher elsewhere. @throws ConfigError */
export function readChannels(input: unknown): readonly ChannelConfig[] {
  const parsed = settings({ alerts: settings({ channels }) }).safeParse(input);
  if (!parsed.success) throw new ConfigError(describeSettings(parsed.error.issues, input));
  requireWhole(parsed.data.alerts.channels);
  return parsed.data.alerts.channels;
}

function requireWhole(configs: readonly ChannelConfig[]): void {
  requireDifferent("channels", configs);
  for (const each of configs) {
    if ("email" in each) requireMail(each.name, each.email);
    else requireAddress(each);
  }
}

function requireAddress(each: Exclude<ChannelConfig, { readonly email: unknown }>): void {
  const { url, urlFile, urlEnv } = "webhook" in each ? each.webhook : "slack" in each ? each.slack : each.alertmanager;
  const count = [url, urlFile, urlEnv].filter((value) => value !== undefined).length;
  if (count !== 1)
    throw new ConfigError(`"alerts.channels" ${each.name}: expected one of url, urlFile, urlEnv, got ${count}`);
  if ("webhook" in each && each.webhook.secretFiles.length + each.webhook.secretEnvs.length === 0)
    throw new ConfigError(
      `"alerts.channels" ${each.name}: expected secretFiles or secretEnvs, since webhooks are signed, got neither`,
    );
}

function requireMail(name: string, { user, passwordFile, passwordEnv, security }: z.infer<typeof email>): void {
  const count = [passwordFile, passwordEnv].filter((value) => value !== undefined).length;
  if (count !== (user === undefined ? 0 : 1))
    throw new ConfigError(
      `"alerts.channels" ${name}: expected user with one of passwordFile, passwordEnv, or none of them`,
    );
  if (user !== undefined && security === "none")
    throw new ConfigError(
      `"alerts.channels" ${name}: expected security as starttls or tls, or no user: a password is not sent in clear`,
    );
}

function requireDifferent(what: string, all: readonly { readonly name: string }[]): void {
  const names = all.map((each) => each.name);
  if (new Set(names).size === names.length) return;
  throw new ConfigError(`"alerts.${what}": expected different names, got ${names.join(", ")}`);
}
