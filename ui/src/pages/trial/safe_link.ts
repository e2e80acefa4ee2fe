// Links that a trial's program printed: text of a stranger, so that only web addresses become links.

/** The address when a browser may open it; null for others, such as `javascript:`. */
export function safeLink(url: string): string | null {
  try {
    const found = new URL(url);
    return found.protocol === "https:" || found.protocol === "http:" ? found.href : null;
  } catch {
    return null;
  }
}
