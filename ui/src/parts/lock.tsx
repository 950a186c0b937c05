/** Beside the name of a protected environment. */
export function Lock() {
  return (
    <svg class="lock" viewBox="0 0 16 16" width="12" height="12" role="img" aria-label="protected">
      <rect x="3" y="7" width="10" height="7.5" rx="1.5" />
      <path d="M5 7V4.8a3 3 0 0 1 6 0V7" fill="none" />
    </svg>
  );
}
