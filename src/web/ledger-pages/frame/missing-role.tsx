/** In place of a page that the reader's key does not allow: which role would, and what the key has. */

import type { OwnKeyAnswer } from "../answers.ts";
import { parseRoute, routeHash } from "../route.ts";

type Props = {
  /** What cannot be done: "see audits". */
  readonly what: string;
  /** Any of these allows it. */
  readonly roles: readonly string[];
  /** Whether it is about the service, so that a key for some ledgers does not do. */
  readonly isOfService?: boolean;
  /** The reader's key. */
  readonly own: OwnKeyAnswer;
};

export function MissingRole({ what, roles, isOfService = false, own }: Props) {
  const { ledger } = parseRoute(location.hash);
  return (
    <section class="empty" role="alert">
      <h1>This key may not {what}</h1>
      <p>
        That needs a key with the role <b>{roles.join(" or ")}</b>
        {isOfService ? " that is for all ledgers" : ""}. This one has {own.roles.join(", ")}
        {isOfService && own.ledgers !== undefined ? `, for ${own.ledgers.join(", ")} alone` : ""}.
      </p>
      <p class="muted">An administrator makes one:</p>
      <p>
        <code>npx holdfast keys add --source &lt;name&gt; --role {roles[0]}</code>
      </p>
      <p>
        <a class="button" href={routeHash({ ledger, page: "sign-in" })}>
          Sign in with another key
        </a>
      </p>
    </section>
  );
}
