/** Channels as they are configured, with the secrets that they need. */

import type { Channel } from "../../alerts/delivery/channel.ts";
import { Alertmanager } from "../../alerts/delivery/channels/alertmanager.ts";
import { Email } from "../../alerts/delivery/channels/email.ts";
import { Slack } from "../../alerts/delivery/channels/slack.ts";
import { StandardWebhook } from "../../alerts/delivery/channels/standard-webhook.ts";
import type { Severity } from "../../alerts/rule.ts";
import { readTextFile } from "../../store/text-file.ts";
import type { ChannelConfig } from "../settings/alert-settings.ts";
import { ConfigError } from "../settings/setting-errors.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** @throws ConfigError that names the channel and the file or variable, never what is in it */
export function openChannels(configs: readonly ChannelConfig[], env: Env, now: () => number): Channel[] {
  return configs.map((config) => {
    try {
      return openChannel(config, env, now);
    } catch (error) {
      throw new ConfigError(`"alerts.channels" ${config.name}: ${(error as Error).message}`);
    }
  });
}

function openChannel(config: ChannelConfig, env: Env, now: () => number): Channel {
  const { name, from } = config;
  if ("slack" in config) return new Slack({ name, from, url: addressOf(config.slack, env) });
  if ("webhook" in config) {
    const { secretFiles, secretEnvs } = config.webhook;
    const secrets = [
      ...secretFiles.map((file) => readTextFile(file).trim()),
      ...secretEnvs.map((variable) => readVariable(variable, env)),
    ];
    return new StandardWebhook({ name, from, url: addressOf(config.webhook, env), secrets, now });
  }
  if ("email" in config) return openEmail(name, from, config.email, env);
  const { tokenFile, tokenEnv } = config.alertmanager;
  const token = textIn(tokenFile, tokenEnv, env);
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new Alertmanager({ name, from, url: addressOf(config.alertmanager, env), headers, now });
}

const PORTS = { starttls: 587, tls: 465, none: 25 } as const;

type EmailConfig = Extract<ChannelConfig, { readonly email: unknown }>["email"];

function openEmail(name: string, from: Severity, email: EmailConfig, env: Env): Email {
  const { host, security, port = PORTS[security], from: sender, to: recipients, user, caFile, timeoutS } = email;
  const pass = textIn(email.passwordFile, email.passwordEnv, env);
  const server = {
    host,
    port,
    security,
    timeoutMs: timeoutS * 1000,
    ...(user !== undefined && pass !== undefined && { login: { user, pass } }),
    ...(caFile !== undefined && { authorities: readTextFile(caFile) }),
  };
  return new Email({ name, from, server, sender, recipients });
}

type Address = {
  readonly url?: string | undefined;
  readonly urlFile?: string | undefined;
  readonly urlEnv?: string | undefined;
};

function addressOf({ url, urlFile, urlEnv }: Address, env: Env): string {
  const text = url ?? textIn(urlFile, urlEnv, env) ?? "";
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new Error("expected an address of http or https, got something else");
  return text;
}

function textIn(file: string | undefined, variable: string | undefined, env: Env): string | undefined {
  if (file !== undefined) return readTextFile(file).trim();
  return variable === undefined ? undefined : readVariable(variable, env);
}

function readVariable(name: string, env: Env): string {
  const text = env[name]?.trim();
  if (text === undefined || text === "") throw new Error(`expected something in the variable ${name}, got nothing`);
  return text;
}
