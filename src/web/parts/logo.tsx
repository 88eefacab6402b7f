/** The sign of Holdfast: two leaves and their root. */

export function Logo() {
  return (
    <span class="logo">
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="7" />
        <path d="M16 7v7M16 14l-7 6v4M16 14l7 6v4" />
        <g>
          <circle cx="16" cy="7.5" r="2.7" />
          <circle cx="9" cy="24" r="2.7" />
          <circle cx="23" cy="24" r="2.7" />
        </g>
      </svg>
      <span>Holdfast</span>
    </span>
  );
}
