/** The claims that a text holds: one JSON object. Nothing, where it holds something else. */
export function claimsOf(text: string): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(text);
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
