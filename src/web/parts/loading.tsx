/** What stands in a place until its content has come. */

/** @param what that is loaded: "the anchors" */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="loading" role="status">
      <span class="loading-sign" aria-hidden="true" />
      Loading {what} …
    </p>
  );
}
