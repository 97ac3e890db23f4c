/** What was typed: so many characters back, then these. */
export type Edit = { erase: number; insert: string };

/**
 * The keys that make `after` of `before`, with the cursor at the end of both. A phone's keyboard replaces whole words
 * (completion, correction, composition), and all that is seen of it is the text before and after.
 */
export function editBetween(before: string, after: string): Edit {
  const [old, now] = [[...before], [...after]];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
  return { erase: old.length - same, insert: now.slice(same).join('') };
}
