/** The process of a token: opens it when it is asked first, answers one question after the other, and ends with whoever asks. */

import { loadOptional } from "../optional-package.ts";
import { strikeSecrets } from "../strike-secrets.ts";
import { type Pkcs11Package, Token, TokenError, type TokenPlace } from "./token.ts";
import type { TokenAnswer, TokenQuestion, TokenTask } from "./token-protocol.ts";

let opening: Promise<Token> | undefined;

async function openToken(place: TokenPlace): Promise<Token> {
  const pkcs11 = await loadOptional<Pkcs11Package>(place.package, "a key-encryption key in a token of PKCS#11");
  return Token.open(pkcs11, place);
}

async function answer(place: TokenPlace, task: TokenTask): Promise<TokenAnswer> {
  try {
    opening ??= openToken(place);
    const token = await opening;
    if (task.task === "look") return { said: token.look() };
    const bytes = Buffer.from(task.bytes, "base64");
    const worked = task.task === "wrap" ? token.wrap(bytes, task) : token.unwrap(bytes, task);
    return { said: Buffer.from(worked).toString("base64") };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof TokenError) return { said: strikeSecrets(message, [place.pin]), fault: error.fault };
    return { said: strikeSecrets(message, [place.pin]), fault: "mend" };
  }
}

process.on("message", async ({ n, place, task }: TokenQuestion) => {
  const said = await answer(place, task);
  process.send?.({ n, answer: said });
});
process.on("disconnect", async () => {
  const token = await opening?.catch(() => undefined);
  token?.close();
  process.exit(0);
});
