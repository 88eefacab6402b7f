/** What a watcher tells by: the channels of a file, and words to services under a name and a key of its own. */

import { readWrittenJson } from "../../../json/read.ts";
import { KeyError, openWordSigner } from "../../../keys/key-source.ts";
import type { WordSigner } from "../../../keys/signer.ts";
import { readChannels } from "../../../service/settings/alert-settings.ts";
import { openChannels } from "../../../service/watching/open-channels.ts";
import { readTextFile } from "../../../store/text-file.ts";
import type { Patience } from "../../../watch/checks.ts";
import { usageError } from "../../terminal/failure.ts";
import { Spokesman } from "./spokesman.ts";
import { ToldFile } from "./told-file.ts";
import { WatchAlerts } from "./watch-alerts.ts";

export type TellingFlags = {
  readonly ledger: string;
  readonly once?: boolean;
  readonly alerts?: string;
  readonly wordAs?: string;
  readonly wordKey?: string;
  readonly wordPasswordFile?: string;
  readonly wordTo?: readonly string[];
};

type Around = {
  readonly url: string;
  /** API key of the service that is watched. */
  readonly key: string | undefined;
  readonly state: string;
  readonly patience: Patience;
};
type Telling = { readonly alerts?: WatchAlerts; readonly spokesman?: Spokesman };

/** @throws CliError for a file or key that is not as it should be; no message holds what is in one */
export async function openTelling(flags: TellingFlags, { url, key, state, patience }: Around): Promise<Telling> {
  const { alerts: channelFile, wordAs: name, wordKey, wordTo, ledger } = flags;
  if ((name === undefined) !== (wordKey === undefined))
    throw usageError("Expected --word-as together with --word-key, got only one of them.");
  if (name === undefined && wordTo !== undefined) throw usageError("Expected --word-as with --word-to, got none.");
  if (channelFile === undefined && name === undefined) return {};
  const file = new ToldFile(`${state}.told.json`);
  const channels = channelFile === undefined ? undefined : channelsIn(channelFile);
  const isOnlyRound = flags.once === true;
  const alerts = channels && (await WatchAlerts.open({ file, channels, patience, now: Date.now, isOnlyRound }));
  if (name === undefined || wordKey === undefined) return alerts === undefined ? {} : { alerts };
  const services = wordTo ?? [url];
  const wrong = services.find((each) => !URL.canParse(each) || !/^https?:$/.test(new URL(each).protocol));
  if (wrong !== undefined) throw usageError("Expected http or https URLs with --word-to, got something else.");
  const signer = await signerIn(wordKey, flags.wordPasswordFile);
  const spokesman = new Spokesman({
    name,
    signer,
    services,
    ledger,
    file,
    ...(key !== undefined && { keys: new Map([[url, key]]) }),
  });
  return alerts === undefined ? { spokesman } : { alerts, spokesman };
}

function channelsIn(path: string) {
  try {
    return openChannels(readChannels(readWrittenJson(readTextFile(path))), process.env, Date.now);
  } catch (cause) {
    throw usageError(`The channels in ${path} cannot be used: ${(cause as Error).message}.`);
  }
}

async function signerIn(path: string, passwordFile: string | undefined): Promise<WordSigner> {
  try {
    const isKeystore = readTextFile(path).trimStart().startsWith("{");
    return await openWordSigner(isKeystore ? { keystore: path, passwordFile } : { file: path });
  } catch (error) {
    const reason = error instanceof KeyError ? error.message : (error as NodeJS.ErrnoException).code;
    throw usageError(`The key of the watcher cannot be used: ${reason}.`);
  }
}
