import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@formatjs/icu-messageformat-parser';
import type { Plugin } from 'vite';

const PREFIX = 'virtual:messages/';

/**
 * `virtual:messages/de` is the German catalogue with every message already parsed:
 * a broken message fails the build instead of a page, and the parser stays out of the bundle.
 */
export function catalogues(folder: string): Plugin {
  return {
    name: 'pult:catalogues',
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
    async load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return undefined;
      const file = join(folder, `${id.slice(PREFIX.length + 1)}.json`);
      this.addWatchFile(file);
      const texts = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
      const parsed = Object.entries(texts).map(([key, text]) => {
        try {
          return [key, parse(text, { captureLocation: false })] as const;
        } catch (cause) {
          throw new Error(`${file}: "${key}" is not a valid ICU message`, { cause });
        }
      });
      return `export default ${JSON.stringify(Object.fromEntries(parsed))}`;
    },
  };
}
