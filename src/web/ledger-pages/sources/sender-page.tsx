/** The page of text about a sender, as the service has it. */

export function SenderPage({ page, text }: { readonly page: string; readonly text: string }) {
  return (
    <a href={`docs/sources/${page}.md`} target="_blank" rel="noreferrer">
      {text}
    </a>
  );
}
